"""What holds of every value that a run reports."""

import pytest

# Of a stored total, see ``units.DIGITS``; accuracy is exact, an AUROC's mean is to rounding.
ROUNDING = 1e-5


def assert_a_value_is_its_units(task):
    """A reported value is the mean over the test examples of what each contributes to it."""
    assert task["value"] == task["metrics"][task["metric"]]
    units = task["units"]
    assert sum(units["sizes"]) == task["n_test"]
    assert task["value"] == pytest.approx(sum(units["totals"]) / task["n_test"], abs=ROUNDING)
    if task["metric"] == "accuracy":
        right = task["value"] * task["n_test"]
        assert right == pytest.approx(round(right), abs=1e-3)
