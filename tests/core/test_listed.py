"""Listed datasets: read in part, by all cores, and on from where a reading was interrupted."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from toy import CARD, CLASSES, ToyVector

from vmbench import progress
from vmbench.data import listed
from vmbench.data.building import EXAMPLES
from vmbench.data.dataset import SPLITS, Task
from vmbench.data.examples import prepare
from vmbench.data.listed import CHUNK, ListedDataset, Outline, Reading, in_order
from vmbench.data.roster import limit
from vmbench.data.specs import Vector
from vmbench.errors import UserError
from vmbench.progress import Progress
from vmbench.storage.cache import JOURNAL, KEPT, cache_folder

HERE = Path(__file__).parent
COUNT = 3 * CHUNK + 40
TASKS = ("kind", "other")


@pytest.fixture(autouse=True)
def _fresh_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("VMBENCH_CACHE", str(tmp_path / "cache"))


class Rows(ListedDataset):
    """Rows that follow from their position; every tenth has no label, every 200th is broken."""

    name = "rows"
    revision = "1"
    spec = Vector(4)
    card = CARD
    package = ("numpy", "toy")
    normalize = "channel"
    tasks = tuple(Task(name, CLASSES, "by hand") for name in TASKS)
    broken = 0  # every so many rows

    def outline(self):
        made = []
        for i in range(COUNT):
            sides = {"kind": SPLITS[(i % 5) // 2], "other": SPLITS[(i % 7) // 3]}
            bare = i % 10 == 9
            labels = {} if bare else dict.fromkeys(TASKS, i % 3)
            made.append(Outline(labels, {} if bare else sides, str(i) if bare else None))
        return made

    def reading(self):
        return RowReading(self)


class RowReading(Reading):
    def __init__(self, rows):
        self.rows, self.seen, self.positions = rows, 0, []

    def read(self, positions):
        for position in positions:
            self.positions.append(position)
            self.seen += 1
            broken = self.rows.broken and position % self.rows.broken == 0
            yield None if broken else row(position)
        print(f"read {positions[0]} to {positions[-1]}", flush=True)

    def tally(self):
        seen, self.seen = self.seen, 0
        return {"seen": seen}

    def conclude(self, tallies):
        yield f"{sum(tally['seen'] for tally in tallies)} rows were read"


def row(position):
    return np.random.default_rng(position).standard_normal(4).astype(np.float32) * 3 + 5


def read_by(function, capsys):
    """Positions whose chunks were read, as first and last."""
    capsys.readouterr()
    made = function()
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    return made, [(int(line[1]), int(line[3])) for line in lines]


def test_a_few_examples_are_all_that_is_read_and_are_those_of_a_whole_cache(monkeypatch, capsys):
    positions = []
    told = RowReading.read

    def noting(self, wanted):
        positions.extend(wanted)
        return told(self, wanted)

    monkeypatch.setattr(RowReading, "read", noting)
    dataset = Rows().bind()
    task = dataset.task("kind")
    few = prepare(dataset, most=16, tasks=[task])
    outline = dataset.reader.outline()
    held = [i for i, o in enumerate(outline) if o.splits.get("kind") in ("val", "test")]
    train = [i for i, o in enumerate(outline) if o.splits.get("kind") == "train"]
    both = [
        i for i, o in enumerate(outline) if set(o.splits.values()) <= {"train"}
    ]  # of both tasks, or of none
    drawn = [limit(np.array(each), 16).tolist() for each in (train, both)]
    assert sorted(positions) == sorted({*held, *drawn[0], *drawn[1]})
    whole = prepare(dataset)
    assert len(whole) == len(few) == COUNT
    assert len(whole.training()) == len(both)
    from_whole = prepare(dataset, most=16)  # the whole one serves
    for examples in (few, from_whole):
        taken = limit(examples.training(), 16)
        assert taken.tolist() == drawn[1]
        # Normalised by what is pretrained on.
        x = np.stack([row(i) for i in taken])
        expected = (x - x.mean(0)) / x.std(0)
        np.testing.assert_allclose(examples.batch(taken), expected, rtol=1e-4, atol=1e-5)
        for split in SPLITS:
            mine = limit(examples.split(task, split), 16 if split == "train" else None)
            theirs = limit(whole.split(task, split), 16 if split == "train" else None)
            assert mine.tolist() == theirs.tolist()
            assert (examples.stored(mine) == whole.stored(theirs)).all()
            assert (examples.labels(task, mine) == whole.labels(task, theirs)).all()
    assert [len(y) for y in few.split_labels(task).values()] == [
        len(y) for y in whole.split_labels(task).values()
    ]
    with pytest.raises(IndexError, match="1 of the examples are not prepared"):
        few.stored(np.setdiff1d(train, drawn[0])[:1])
    capsys.readouterr()


def test_a_few_are_the_same_ones_whether_or_not_files_are_broken_elsewhere():
    class Broken(Rows):
        name = "broken-rows"
        broken = 7

    few = prepare(Broken().bind(), most=30, tasks=[])
    before = few.training().tolist()
    assert 0 < len(before) < 30
    assert not [position for position in before if position % 7 == 0]
    whole = prepare(Broken().bind())
    assert len(whole) == sum(i % 7 != 0 for i in range(COUNT))
    # In the whole one others would be drawn, so that it does not serve.
    assert prepare(Broken().bind(), most=30, tasks=[]).training().tolist() == before


def test_unlabelled_false_reads_none_of_them():
    few = prepare(Rows().bind(), unlabelled=False, most=10**6, tasks=[])
    assert len(few.training()) > 0
    assert not [position for position in few.training() if position % 10 == 9]


def test_a_pretraining_normalises_alike_whether_or_not_it_will_be_judged():
    """Without the judged examples (vmbench pretrain), and with them (vmbench run)."""
    alone = prepare(Rows().bind(), most=10**6, tasks=[])
    whole = prepare(Rows().bind())
    assert len(alone.training()) == len(whole.training())
    np.testing.assert_allclose(alone.mean, whole.mean, rtol=1e-5)
    np.testing.assert_allclose(alone.std, whole.std, rtol=1e-5)


PROGRAM = """
import os, signal, sys
sys.path[:0] = [{here!r}, {above!r}]
from test_listed import Rows, RowReading
from vmbench.data.examples import prepare
once = RowReading.read
def read(self, positions):
    yield from once(self, positions)
    if positions[0] >= 512:
        os.kill(os.getpid(), signal.{signal})
RowReading.read = read
Rows.broken = 100
Rows.__module__ = {module!r}  # part of the cache's key
prepare(Rows().bind(), most={most})
"""


@pytest.mark.parametrize(("name", "most"), [("SIGKILL", None), ("SIGINT", None), ("SIGKILL", 100)])
def test_an_interrupted_preparation_goes_on(name, most, capsys, monkeypatch):
    monkeypatch.setattr(Rows, "broken", 100)
    program = PROGRAM.format(
        here=str(HERE), above=str(HERE.parent), signal=name, most=most, module=__name__
    )
    killed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert killed.returncode != 0
    assert killed.stdout.count("read") == 2, killed.stderr
    (journal,) = cache_folder().glob(f".rows*.tmp/{JOURNAL}")
    prepare(ToyVector().bind())  # another's preparation leaves it alone
    assert journal.exists()
    with (journal.parent / EXAMPLES).open("ab") as file:
        file.write(b"half a batch")
    examples, chunks = read_by(lambda: prepare(Rows().bind(), most=most), capsys)
    assert len(chunks) in (2, 3)  # not the first; the second was cut off
    assert chunks[0][0] >= CHUNK
    monkeypatch.setattr(Rows, "revision", "2")  # the same, uninterrupted
    whole, _ = read_by(lambda: prepare(Rows().bind(), most=most), capsys)
    assert examples.remarks == whole.remarks
    assert most or whole.remarks[0] == f"{COUNT} rows were read"
    assert examples.table.data.equals(whole.table.data)
    assert (examples.mean == whole.mean).all()
    assert (examples.std == whole.std).all()
    assert not list(cache_folder().glob(".*.tmp"))
    assert not list(cache_folder().glob(f"*/{JOURNAL}"))


def test_what_nobody_goes_on_with_is_removed_in_the_end():
    folder = cache_folder() / ".rows-1-abcd.tmp"
    folder.mkdir(parents=True)
    (folder / JOURNAL).write_text('{"work": "x"}\n')
    past = (folder / JOURNAL).stat().st_mtime - KEPT - 60
    os.utime(folder / JOURNAL, (past, past))
    prepare(ToyVector().bind())
    assert not folder.exists()


def test_a_failure_is_not_gone_on_with(monkeypatch):
    def failing(self, positions):  # noqa: ARG001
        raise UserError("too many are broken")
        yield

    monkeypatch.setattr(RowReading, "read", failing)
    with pytest.raises(UserError, match="too many"):
        prepare(Rows().bind())
    assert not list(cache_folder().glob(".*.tmp"))


def test_a_long_preparation_says_how_long_it_will_take(monkeypatch, capsys):
    monkeypatch.setattr(progress, "SLOW", 0.0)
    monkeypatch.setattr(progress, "AGAIN", 0.0)
    with Progress().shared():
        prepare(Rows().bind())
        prepare(ToyVector().bind())
    lines = [line for line in capsys.readouterr().err.splitlines() if line]
    shares = [f"preparing rows: {CHUNK * i / COUNT:.0%}, 0:00:0" for i in (1, 2, 3)]
    assert [line[: len(share)] for line, share in zip(lines, shares, strict=False)] == shares
    assert all(line.endswith(" left") for line in lines[:3])
    assert lines[3].startswith("preparing toy-vector: 300 done in 0:00:0")


def test_jobs_are_done_by_all_cores_at_once_and_come_in_order(monkeypatch):
    monkeypatch.setattr(listed, "usable_cores", lambda: 3)
    together = threading.Barrier(3, timeout=30)

    def work(job):
        together.wait()  # passes only where three are at work
        return job * job

    assert list(in_order(work, range(9))) == [job * job for job in range(9)]


def test_no_more_than_a_few_jobs_are_begun_ahead_of_what_is_taken(monkeypatch):
    monkeypatch.setattr(listed, "usable_cores", lambda: 2)
    begun = []
    results = in_order(lambda job: job, (begun.append(i) or i for i in range(1000)))
    assert [next(results), next(results)] == [0, 1]
    assert len(begun) <= 2 + 4 * 2
    results.close()


def test_the_first_failure_is_raised_in_its_turn():
    def work(job):
        if job == 3:
            raise ValueError("three")
        return job

    results = in_order(work, range(100))
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="three"):
        next(results)
