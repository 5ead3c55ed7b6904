"""Every built-in component keeps the contract that strangers are held to."""

import pytest

from vmbench.registry import BUILT_IN, KINDS, registry
from vmbench.testing import checks_of

# Making the speech, and reading the text file of these digits, take longer than all the rest
# together; `vmbench check domain audio` and `... image` do it.
LEFT_OUT = {"audio": {"spoken-digits", "spoken-digits-waveform"}, "image": {"mnist"}}
# The longest of those that other tests hold as well: trainings with every objective and encoder,
# and fits by the hundred.
LONG = {"objective": {"represent"}, "encoder": {"represent"}}
LEFT_OUT |= {"fewshot": {"multilabel", "regression"}, "robustness": {"multilabel", "regression"}}
# check -> reason, for each built-in that is known to break one.
EXPECTED_FAILURES: dict[str, dict[str, str]] = {}


def built_in_checks():
    for kind in KINDS:
        for entry in registry(kind):
            if entry.owner != BUILT_IN:
                continue
            expected = EXPECTED_FAILURES.get(entry.name, {})
            for check in checks_of(registry(kind).load_class(entry.name))[1]:
                left_out = check.subject in LEFT_OUT.get(entry.name, ())
                if left_out or check.clause in LONG.get(kind, ()):
                    continue
                marks = (
                    [pytest.mark.xfail(strict=True, reason=expected[check.name])]
                    if check.name in expected
                    else []
                )
                yield pytest.param(check, id=f"{entry.name}-{check.name}", marks=marks)


@pytest.mark.parametrize("check", list(built_in_checks()))
def test_built_in(check):
    check()
