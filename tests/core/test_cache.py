"""Building the cache: by one process, whole or not at all, and what is left over is removed."""

import contextlib
import errno
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from toy import ToyVector

from vmbench.cli import invoke
from vmbench.data.examples import prepare
from vmbench.errors import UserError
from vmbench.progress import Progress
from vmbench.storage.cache import cache_folder

HERE = Path(__file__).parent.parent
PROGRAM = """
import sys, time
sys.path.insert(0, {tests!r})
from toy import ToyVector
from vmbench.data.examples import prepare
from vmbench.progress import Progress

class Slow(ToyVector):
    name = "slow"
    def examples(self):
        print("building", flush=True)
        for i, example in enumerate(super().examples()):
            time.sleep({pause} if i % 100 == 99 else 0)
            yield example

with Progress().shared():
    examples = prepare(Slow().bind())
print(len(examples), float(examples.batch(examples.training()).sum()))
"""


@pytest.fixture(autouse=True)
def _fresh_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("VMBENCH_CACHE", str(tmp_path / "cache"))


def start(pause):
    program = PROGRAM.format(tests=str(HERE), pause=pause)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([sys.executable, "-c", program], **pipes)


def left():
    """All in the cache but what is ready."""
    ready = {path.parent for path in cache_folder().glob("*/statistics.json")}
    return [
        path
        for path in cache_folder().rglob("*")
        if path.parent not in ready and path not in ready and path.name != "locks"
    ]


def test_of_several_processes_one_builds_and_the_others_wait():
    started = [start(pause=1.0) for _ in range(3)]
    said = [process.communicate(timeout=120) for process in started]
    assert [process.returncode for process in started] == [0, 0, 0], said
    assert sum(out.count("building") for out, _ in said) == 1
    assert len({out.splitlines()[-1] for out, _ in said}) == 1
    builder = next(p for p, (out, _) in zip(started, said, strict=True) if "building" in out)
    waited = [err for out, err in said if "building" not in out and err]
    for err in waited:  # one that started late found it ready
        assert err.strip() == f"waiting for process {builder.pid}, which prepares slow"
    assert waited
    assert left() == []


def test_what_a_killed_process_left_is_removed_by_the_next():
    process = start(pause=60)
    assert process.stdout.readline() == "building\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert [path.name for path in cache_folder().glob(".slow*.tmp")]
    (cache_folder() / ".other-1-abcd.4711.tmp").mkdir()  # as version 0.1.0 named them
    living = start(pause=60)
    assert living.stdout.readline() == "building\n"
    try:
        prepare(ToyVector().bind())
        # That of the living stays.
        assert len(list(cache_folder().glob(".*.tmp"))) == 1
    finally:
        living.kill()
        living.communicate()
    again = start(pause=0)
    out, err = again.communicate(timeout=120)
    assert out.startswith("building\n300 ")
    assert err == ""
    assert left() == []


def test_a_failure_leaves_nothing_behind():
    class Broken(ToyVector):
        name = "broken"

        def examples(self):
            yield from super().examples()
            raise UserError("line 7 is no number")

    with pytest.raises(UserError, match="line 7"):
        prepare(Broken().bind())
    assert left() == []


@pytest.mark.parametrize("damage", [
    lambda folder: (folder / "statistics.json").write_text('{"mean": ['),
    lambda folder: (folder / "statistics.json").write_text("{}"),
    lambda folder: (folder / "examples.arrow").unlink(),
    lambda folder: (folder / "examples.arrow").write_bytes(b""),
    lambda folder: cut(folder / "examples.arrow", 0.5),
    lambda folder: cut(folder / "examples.arrow", 0.99),
])  # fmt: skip
def test_a_damaged_cache_is_built_again_and_said(damage, capsys):
    sound = prepare(ToyVector().bind())
    x = sound.batch(np.arange(300)).clone()
    (folder,) = (path.parent for path in cache_folder().glob("*/statistics.json"))
    damage(folder)
    with Progress().shared():
        examples = prepare(ToyVector().bind())
    assert "is damaged" in capsys.readouterr().err
    assert len(examples) == 300
    assert (examples.batch(np.arange(300)) == x).all()


def test_other_tasks_are_prepared_anew_though_the_revision_is_the_same():
    class Renamed(ToyVector):
        tasks = (replace(ToyVector.tasks[0], name="sort"),)

        def examples(self):
            for example in super().examples():
                (label,), (side,) = example.labels.values(), example.splits.values()
                yield replace(example, labels={"sort": label}, splits={"sort": side})

    class Finer(ToyVector):
        tasks = (replace(ToyVector.tasks[0], classes=(*ToyVector.tasks[0].classes, "d")),)

    counts = prepare(ToyVector().bind()).labels(ToyVector.tasks[0])
    for changed in (Renamed, Finer):
        examples = prepare(changed().bind())
        assert (examples.labels(changed.tasks[0]) == counts).all()
    assert len(list(cache_folder().glob("*/statistics.json"))) == 3


def cut(path, share):
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])


@contextlib.contextmanager
def tiny_disk(folder, size):
    """A file system of ``size``; only root may make one."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("no right to mount a file system")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_names_the_folder_the_space_and_the_mend(tmp_path, monkeypatch, capsys):
    command = ["run", "--domain", "toy", "--preset", "smoke", "--quiet", "--method"]
    with tiny_disk(tmp_path / "disk", "64k") as disk:
        monkeypatch.setenv("VMBENCH_CACHE", str(disk / "cache"))
        runs = str(tmp_path / "runs")
        assert invoke([*command, "random-init", "--pretrain", "toy-grid", "--out", runs]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        for part in (
            f"{disk / 'cache'} is full (no space left on device; 0.",
            "MB free)",
            "the cache of toy-grid, which needs more than 0.1 MB",
            "free some space, or set VMBENCH_CACHE to a folder on another disk",
        ):
            assert part in line
        assert left() == []
        monkeypatch.setenv("VMBENCH_CACHE", str(tmp_path / "cache"))
        assert invoke([*command, "viewmaker", "--out", str(disk / "runs")]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        for part in (f"{disk / 'runs'}/", "pretrain.state.safetensors, which needs",
                     "name another folder with --out"):  # fmt: skip
            assert part in line
        assert not list(disk.rglob("*.tmp"))
        assert not list(disk.rglob("result.json"))


@pytest.mark.parametrize("raised", [
    OSError(errno.ENOSPC, "No space left on device"),
    OSError(errno.EDQUOT, "Disk quota exceeded"),
    OSError(errno.EFBIG, "File too large"),
    RuntimeError("[enforce fail at inline_container.cc] . No space left on device (os error 28)"),
])  # fmt: skip
def test_however_a_full_disk_is_said_it_is_one_line(raised, monkeypatch):
    monkeypatch.setattr("vmbench.data.examples._build", raising(raised))
    with pytest.raises(UserError, match=r"is full \(.* MB free\) while the cache of toy-vector"):
        prepare(ToyVector().bind())
    monkeypatch.setattr("vmbench.data.examples._build", raising(OSError(errno.EIO, "I/O error")))
    with pytest.raises(OSError, match="I/O error"):
        prepare(ToyVector().bind())


def raising(error):
    def fail(*_):
        raise error

    return fail


def test_a_lock_is_free_once_its_holder_is_gone(tmp_path):
    from vmbench.storage.locking import exclusive, is_free

    hold = (
        "import sys, time; from pathlib import Path\n"
        "from vmbench.storage.locking import exclusive\n"
        "with exclusive(Path(sys.argv[1]), print):\n    print('held', flush=True); time.sleep(60)"
    )
    path = tmp_path / "lock"
    holder = subprocess.Popen(
        [sys.executable, "-c", hold, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout.readline() == "held\n"
    assert not is_free(path)
    said = []
    with pytest.raises(ZeroDivisionError), exclusive(path, lambda by: said.append(by) or 1 / 0):
        pass
    assert said == [f"process {holder.pid}"]
    holder.kill()
    holder.communicate()
    started = time.monotonic()
    with exclusive(path, said.append):
        assert not is_free(path)
    assert time.monotonic() - started < 5
    assert len(said) == 1
    assert is_free(path)
    assert list(tmp_path.glob("lock*")) == []
