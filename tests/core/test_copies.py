"""Equal examples on two sides or under two labels, against a count by dictionaries."""

import numpy as np
import pytest

from vmbench.data.copies import Copies
from vmbench.data.dataset import SPLITS


@pytest.mark.parametrize("seed", range(5))
def test_leaks_and_contradictions_are_those_of_a_naive_count(seed):
    rng = np.random.default_rng(seed)
    copies = Copies(["a", "b"])
    seen = {}
    for _ in range(200):
        x = np.full((2, 3), rng.integers(60), np.float32)
        labels = {"a": int(rng.integers(3)), "b": [0, int(x[0, 0]) % 2]}
        splits = {"a": SPLITS[rng.integers(3)], "b": SPLITS[int(x[0, 0]) % 3]}
        if rng.random() < 0.3:
            splits.pop("a")
        copies.add(x, labels, splits)
        for task in splits:
            seen.setdefault((task, x.tobytes()), []).append((splits[task], str(labels[task])))
    torn = [found for (task, _), found in seen.items() if task == "a" and len(dict(found)) > 1]
    held_out = sum(side != "train" for found in torn for side, _ in found)
    two = [f for (task, _), f in seen.items() if task == "a" and len({y for _, y in f}) > 1]
    assert torn
    assert two
    assert list(copies.leaks("a")) == [
        f"{len(torn)} examples occur, byte for byte, on more than one side ({held_out} copies in "
        f"val and test)"
    ]
    assert list(copies.contradictions("a")) == [
        f"{len(two)} examples occur, byte for byte, under more than one label"
    ]
    assert list(copies.leaks("b")) == list(copies.contradictions("b")) == []
    assert [remark.rpartition(": ")[2] for remark in copies.remarks()] == ["a", "a"]


def test_what_is_said_of_several_tasks_is_said_once():
    copies = Copies(["digit", "voice"])
    for side in ("train", "test"):
        copies.add(np.zeros(4, np.float32), dict.fromkeys(("digit", "voice"), 0),
                   dict.fromkeys(("digit", "voice"), side))  # fmt: skip
    (remark,) = copies.remarks()
    assert remark.startswith("warning: 1 examples occur")
    assert remark.endswith(": digit, voice")


def test_numbers_to_predict_may_differ():
    copies = Copies(["price"])
    for price in (1.5, 2.5):
        copies.add(np.zeros(4, np.float32), {"price": price}, {"price": "train"})
    assert list(copies.remarks()) == []
