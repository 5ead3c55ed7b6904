"""From a dataset to the Arrow cache and back in batches; what is wrong with data is said."""

import numpy as np
import pytest
import torch
from toy import ToyBare, ToyDataset, ToyGrid, ToySequence, ToyVector

from vmbench.data.check import check_data
from vmbench.data.dataset import HeldOut, Task
from vmbench.data.examples import prepare
from vmbench.errors import UserError
from vmbench.evaluation import limit
from vmbench.storage.cache import cache_folder


@pytest.mark.parametrize("dataset", [ToyGrid, ToySequence, ToyVector])
def test_batches_are_the_examples_normalised_by_the_training_ones(dataset):
    made = list(dataset().examples())
    x = np.stack([e.x for e in made])
    train = np.stack([e.x for e in made if e.splits["kind"] == "train"])
    if dataset.normalize == "channel":
        x = (x - train.mean(0)) / train.std(0)
    prepared = prepare(dataset().bind())
    indices = np.array([3, 299, 0, 3])
    torch.testing.assert_close(
        prepared.batch(indices), torch.from_numpy(x[indices]), rtol=1e-4, atol=1e-5
    )
    task = dataset.tasks[0]
    assert prepared.labels(task).tolist() == [e.labels["kind"] for e in made]
    assert len(prepared) == len(made)
    parts = [set(prepared.split(task, split)) for split in ("train", "val", "test")]
    assert sum(map(len, parts)) == len(set.union(*parts)) == len(made)


def test_groups_are_codes_in_file_order_and_absent_where_none_is_named():
    names = ["pig 7", None, "ape", "pig 7"]

    class Grouped(ToyVector):
        name = "grouped"

        def examples(self):
            for i, e in enumerate(super().examples()):
                yield type(e)(e.x, e.labels, e.splits, names[i % 4])

    prepared = prepare(Grouped().bind())
    assert prepared.groups().tolist() == [0, -1, 1, 0] * 75
    assert prepared.groups(np.array([2, 0, 298])).tolist() == [1, 0, 1]
    assert set(prepare(ToyVector().bind()).groups()) == {-1}


def test_the_second_time_reads_the_cache(monkeypatch):
    prepare(ToyGrid().bind())
    monkeypatch.setattr(ToyDataset, "examples", lambda *_: pytest.fail("built again"))
    assert len(prepare(ToyGrid().bind())) == 300


def test_training_excludes_what_any_task_holds_out():
    class TwoTasks(ToyVector):
        name = "two-tasks"
        tasks = (*ToyVector.tasks, Task("other", ("x", "y"), "the first fifth is test"))

        def examples(self):
            for i, e in enumerate(super().examples()):
                other = "test" if i < 60 else "val" if i < 90 else "train"
                yield type(e)(e.x, {**e.labels, "other": i % 2}, {**e.splits, "other": other})

    prepared = prepare(TwoTasks().bind())
    training = set(prepared.training())
    for task in TwoTasks.tasks:
        for split in ("val", "test"):
            assert not training & set(prepared.split(task, split))
    assert training == set(prepared.split(TwoTasks.tasks[0], "train")) & set(
        prepared.split(TwoTasks.tasks[1], "train")
    )


def test_an_unlabelled_example_is_trained_on_and_is_no_tasks():
    class Partly(ToyVector):
        name = "partly"

        def examples(self):
            for i, e in enumerate(super().examples()):
                yield type(e)(e.x, {}, {}) if i % 3 == 0 else e

    prepared = prepare(Partly().bind())
    (task,) = Partly.tasks
    bare = set(range(0, 300, 3))
    sides = {split: set(prepared.split(task, split)) for split in ("train", "val", "test")}
    assert not bare & set.union(*sides.values())
    assert set(prepared.training()) == bare | sides["train"]


class Subjects(ToyVector):
    """Ten subjects of 30 examples, of which the first 10 have no label: 10, or 1000, larger."""

    name = "subjects"

    def examples(self):
        for i, e in enumerate(super().examples()):
            side = {3: "val", 4: "test"}.get(i // 30 % 5, "train")
            x, bare = e.x, i % 30 < 10
            x = x + (10 if side == "train" else 1000) * bare
            splits = {} if bare else {"kind": side}
            yield type(e)(x, {} if bare else e.labels, splits, f"subject {i // 30}")


SEEN = [i for i in range(300) if i // 30 % 5 < 3]  # with the bare ones of these subjects


@pytest.mark.parametrize(("unlabelled", "trained"), [
    (True, SEEN), (False, [i for i in SEEN if i % 30 >= 10]),
])  # fmt: skip
def test_an_unlabelled_example_of_a_held_out_group_is_not_seen(unlabelled, trained):
    """Neither by pretraining nor by the statistics, which are those of what is pretrained on."""
    prepared = prepare(Subjects().bind(), unlabelled=unlabelled)
    assert prepared.training().tolist() == trained
    x = np.stack([e.x for e in Subjects().examples()])[trained]
    np.testing.assert_allclose(prepared.mean, x.mean(0), rtol=1e-4)
    np.testing.assert_allclose(prepared.std, x.std(0), rtol=1e-4)
    does = "pretrained on" if unlabelled else "left out (unlabelled=false)"
    assert prepared.remarks == [
        f"60 examples without a label are {does}; 40 more are of subjects that a task holds out: "
        f"left out"
    ]


def test_data_check_counts_what_pretraining_takes():
    dataset = Subjects().bind()
    report, prepared = check_data(dataset), prepare(dataset)
    assert report.pretraining == len(prepared.training()) == 180
    assert (report.unlabelled, report.unlabelled_held_out) == (60, 40)
    assert report.groups_held_out == 4
    assert report.usable


def test_data_check_sees_a_run_that_would_take_what_is_held_out(monkeypatch):
    """It compares what a run would take, and does not trust the rule that it follows."""
    everything = lambda roster, unlabelled: np.arange(len(roster.groups))  # noqa: E731
    monkeypatch.setattr("vmbench.data.roster.Roster.training", everything)
    report = check_data(Subjects().bind())
    assert not report.usable
    assert "40 without a label are of groups that a task holds out" in report.problems[0]


def test_a_dataset_without_a_task_is_pretrained_on_whole():
    prepared = prepare(ToyBare().bind())
    x = np.stack([e.x for e in ToyBare().examples()])
    assert prepared.training().tolist() == list(range(300))
    np.testing.assert_allclose(prepared.mean, x.mean(0), atol=1e-5)
    assert prepared.remarks == ["300 examples without a label are pretrained on"]
    assert check_data(ToyBare().bind()).pretraining == 300
    assert len(prepare(ToyBare().bind(), unlabelled=False).training()) == 0


def test_a_copy_of_a_test_example_without_its_label_is_told():
    class Copied(ToyVector):
        name = "copied"

        def examples(self):
            made = list(super().examples())
            yield from made
            yield from (type(e)(e.x, {}, {}) for e in made[:5])  # 3 of train, 1 of val, 1 of test

    said = "2 examples without a label occur, byte for byte, in val or test"
    assert any(said in remark for remark in prepare(Copied().bind()).remarks)
    assert any(said in remark for remark in check_data(Copied().bind()).remarks)


def test_an_example_of_a_task_that_is_not_stated_is_refused():
    class Forgotten(ToyBare):
        name = "forgotten"

        def examples(self):
            yield from ToyVector.examples(self)

    with pytest.raises(UserError, match="example 0 of dataset 'forgotten' is of a task 'kind'"):
        prepare(Forgotten().bind())


def broken(change, **attributes):
    """A dataset whose examples pass through ``change(index, x, label, split)``."""

    def examples(self):
        for i, e in enumerate(ToyVector.examples(self)):
            x, label, split = change(i, e.x, e.labels["kind"], e.splits["kind"])
            yield type(e)(x, {"kind": label}, {"kind": split})

    return type("Broken", (ToyVector,), {"examples": examples, "name": "broken", **attributes})()


@pytest.mark.parametrize(("change", "message"), [
    (lambda i, x, y, s: (x * np.float32("nan") if i == 41 else x, y, s),
     r"example 41 of dataset 'broken' has 9 NaN or infinite values"),
    (lambda i, x, y, s: (x / np.float32(0) if i == 2 else x, y, s), "example 2.*infinite"),
    (lambda i, x, y, s: (x[:5], y, s), r"example 0.*shape \(5,\); its spec is Vector\(9\)"),
    (lambda i, x, y, s: (x, y, "train" if s == "val" else s), "the val split is empty"),
    (lambda i, x, y, s: (x, 0 if y == 2 and s == "train" else y, s),
     "train has no example of the class c"),
    (lambda i, x, y, s: (x, y + 1, s), r"label 3 of task kind is not in 0\.\.2"),
])  # fmt: skip
def test_bad_data_is_one_clear_line_and_leaves_no_cache(change, message):
    with np.errstate(all="ignore"), pytest.raises(UserError, match=message):
        prepare(broken(change).bind())
    assert not list(cache_folder().glob("*broken*"))


def test_an_empty_dataset_says_so():
    class Empty(ToyVector):
        name = "empty"
        count = 0

    with pytest.raises(UserError, match="'empty' has no examples"):
        prepare(Empty().bind())


def test_a_cache_that_cannot_be_written_names_the_variable(monkeypatch):
    monkeypatch.setenv("VMBENCH_CACHE", "/proc/nowhere")
    with pytest.raises(UserError, match="VMBENCH_CACHE"):
        prepare(ToyVector().bind())


def test_held_out_groups_are_disjoint_and_do_not_depend_on_order():
    groups = [f"s{i}" for i in range(12)] * 3
    rule = HeldOut.draw(groups, val=2, test=3, seed=4)
    assert (len(rule.val), len(rule.test)) == (2, 3)
    assert not rule.val & rule.test
    assert rule == HeldOut.draw(reversed(groups), val=2, test=3, seed=4)
    assert rule != HeldOut.draw(groups, val=2, test=3, seed=5)


def test_hidden_columns_become_zero_and_the_input_stays():
    x = torch.ones(2, 6)
    hidden = Task("t", ("a",), "", hidden=((1, 3), (5, 6))).hide(x)
    assert hidden.tolist() == [[1, 0, 0, 1, 1, 0]] * 2
    assert x.min() == 1


def test_limit_takes_the_same_examples_every_time():
    indices = np.arange(100, 200)
    assert limit(indices, None) is indices
    chosen = limit(indices, 10)
    assert len(set(chosen)) == 10
    assert chosen.tolist() == sorted(limit(indices, 10).tolist())
    assert set(chosen) <= set(indices)
