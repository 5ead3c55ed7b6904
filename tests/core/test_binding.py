"""A declaration is bound to files; binding again gives another object and changes nothing."""

from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from toy import CARD, ToyVector

from vmbench.data.dataset import Dataset, Example, Task
from vmbench.data.examples import is_prepared, prepare
from vmbench.data.specs import Vector
from vmbench.errors import UserError

SIDES = ("train", "val", "test")


class Lines(Dataset):
    """Three lines a side: a class and numbers; classes, width and revision are the file's."""

    name = "lines"
    card = CARD
    split_rule = "as the lines say"

    def inspect(self, target):
        super().inspect(target)
        self.rows = [line.split() for line in (self.data_dir / "rows").read_text().splitlines()]
        self.classes = sorted({row[1] for row in self.rows})
        self.spec = Vector(len(self.rows[0]) - 2)
        self.tasks = (Task("kind", tuple(self.classes), self.split_rule),)
        self.revision = self.fingerprint = str(hash(str(self.rows)))
        self.remarks.append(f"{len(self.rows)} rows")

    def examples(self):
        for side, label, *numbers in self.rows:
            x = np.array(numbers, np.float32)
            yield Example(x, {"kind": self.classes.index(label)}, {"kind": side})
        self.remarks.append("read to the end")


@pytest.fixture
def folders(tmp_path):
    for name, classes, width in (("one", "ab", 2), ("other", "bcd", 3)):
        (tmp_path / name).mkdir()
        rows = [
            " ".join([side, label, *(f"{i}.{ord(label)}{j}" for j in range(width))])
            for i, side in enumerate(SIDES)
            for label in classes
        ]
        (tmp_path / name / "rows").write_text("\n".join(rows))
    return tmp_path / "one", tmp_path / "other"


def test_two_bindings_are_two_objects_and_the_declaration_stays(folders):
    dataset = Lines()
    one, other = (dataset.bind(folder) for folder in folders)
    assert vars(dataset) == {}
    assert (dataset.spec, dataset.tasks, dataset.revision) == (None, (), "")
    assert [(d.data_dir, d.spec, d.tasks[0].classes) for d in (one, other)] == [
        (folders[0], Vector(2), ("a", "b")),
        (folders[1], Vector(3), ("b", "c", "d")),
    ]
    assert one.revision != other.revision
    # Read in turns, the second binding first: each reads its own folder.
    turns = zip(other.examples(), one.examples(), strict=False)
    assert [x.x.shape for pair in turns for x in pair] == [(3,), (2,)] * 6
    assert sum(1 for _ in other.examples()) == 9
    assert one.remarks == ["6 rows", "read to the end"]
    assert other.remarks == ["9 rows", "read to the end"]


def test_each_binding_has_a_cache_of_its_own(folders):
    one, other = (Lines().bind(folder) for folder in folders)
    assert len(prepare(one)) == 6
    assert is_prepared(one)
    assert not is_prepared(other)
    assert len(prepare(other)) == 9
    assert is_prepared(Lines().bind(folders[0]))


def test_what_is_bound_cannot_be_changed(folders):
    bound = Lines().bind(folders[0])
    with pytest.raises(FrozenInstanceError):
        bound.data_dir = folders[1]


def test_an_embedded_dataset_binds_to_itself_and_reads_no_folder(tmp_path):
    dataset = ToyVector()
    alone, beside = dataset.bind(), dataset.bind(tmp_path)
    assert alone.data_dir is beside.data_dir is None
    assert (alone.spec, alone.tasks, alone.revision) == (dataset.spec, dataset.tasks, "1")
    prepare(alone)
    assert is_prepared(beside)
    with pytest.raises(UserError, match=r"--data-dir .*nowhere does not exist"):
        dataset.bind(tmp_path / "nowhere")


def test_facts_that_nobody_states_are_named():
    class Silent(Lines):
        name = "silent"

        def inspect(self, target):
            self.revision = "1"

    with pytest.raises(UserError, match=r"'silent' does not say its spec, tasks: state them in "):
        Silent().bind()
