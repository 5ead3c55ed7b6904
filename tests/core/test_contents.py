"""One's own files are named by their bytes, read once, and read again when they change."""

import os
import shutil
import subprocess
import sys
import unicodedata

import pytest

from vmbench import progress
from vmbench.errors import UserError
from vmbench.progress import Progress
from vmbench.storage import contents as module
from vmbench.storage.cache import cache_folder
from vmbench.storage.contents import contents

FILES = {"a/one.txt": b"first", "b/two.txt": b"second", "b/three.txt": b""}


@pytest.fixture(autouse=True)
def _fresh_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("VMBENCH_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def settled(monkeypatch):
    """Files just written count as settled, as they do two seconds later."""
    monkeypatch.setattr(module, "SETTLED", -(10**18))


@pytest.fixture
def read(monkeypatch):
    """The files that were read, as they are read."""
    seen = []

    def noting(path, digest=module._digest):
        seen.append(path.name)
        return digest(path)

    monkeypatch.setattr(module, "_digest", noting)
    return seen


def write(root, files=FILES):
    for name, data in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return [root / name for name in files]


def name_of(root, files=FILES):
    return contents(root, write(root, files))


def test_equal_files_have_one_name_wherever_and_whenever(tmp_path):
    name = name_of(tmp_path / "here")
    paths = write(tmp_path / "there" / "deeper")
    for path in paths:
        os.utime(path, (1e9, 1e9))
    assert contents(tmp_path / "there" / "deeper", reversed(paths)) == name
    assert len(name) == 16


@pytest.mark.parametrize("change", [
    {"a/one.txt": b"First"},
    {"a/one.txt": b"second", "b/two.txt": b"first"},  # the same bytes, exchanged
    {"b/three.txt": None},
    {"b/four.txt": b""},
    {"b/three.txt": None, "a/three.txt": b""},  # another folder is another class
    {"a/one.txt": b"", "b/three.txt": b"first"},
])  # fmt: skip
def test_any_change_is_another_name(change, tmp_path):
    changed = {name: data for name, data in {**FILES, **change}.items() if data is not None}
    assert name_of(tmp_path / "x") != name_of(tmp_path / "y", changed)


def test_names_and_bytes_cannot_be_taken_for_each_other(tmp_path):
    one = {"a": b"b", "c": b"d"}
    assert name_of(tmp_path / "x", one) != name_of(tmp_path / "y", {"a b": b"c", "d": b""})


def test_a_file_by_itself_counts_by_its_bytes(tmp_path):
    assert name_of(tmp_path / "x", {"mine.csv": b"1"}) == name_of(tmp_path / "y", {"t.csv": b"1"})


def test_the_spelling_of_an_accent_makes_no_difference(tmp_path):
    composed, apart = (unicodedata.normalize(form, "Käfer/ü.png") for form in ("NFC", "NFD"))
    assert composed != apart
    other = {"x.png": b"x"}
    assert name_of(tmp_path / "x", {composed: b"1", **other}) == name_of(
        tmp_path / "y", {apart: b"1", **other}
    )


@pytest.mark.usefixtures("settled")
def test_files_are_read_once_and_what_changed_again(tmp_path, read):
    paths = write(tmp_path / "x")
    name = contents(tmp_path / "x", paths)
    assert sorted(read) == ["one.txt", "three.txt", "two.txt"]
    assert contents(tmp_path / "x", paths) == name
    assert len(read) == 3
    # The same length and time of change: only the entry's own time tells.
    before = paths[0].stat()
    paths[0].write_bytes(b"FIRST")
    os.utime(paths[0], ns=(before.st_atime_ns, before.st_mtime_ns))
    assert contents(tmp_path / "x", paths) != name
    assert read[3:] == ["one.txt"]
    os.utime(paths[1])  # touched: read again, and found equal
    paths[0].write_bytes(b"first")
    assert contents(tmp_path / "x", paths) == name
    assert sorted(read[4:]) == ["one.txt", "two.txt"]


def test_a_file_that_just_changed_is_not_remembered(tmp_path, read):
    paths = write(tmp_path / "x")
    for _ in range(2):
        contents(tmp_path / "x", paths)
    assert len(read) == 6


@pytest.mark.usefixtures("settled")
def test_a_damaged_memory_is_made_anew(tmp_path, read):
    paths = write(tmp_path / "x")
    name = contents(tmp_path / "x", paths)
    (cache_folder() / module.MEMORY).write_bytes(b"no database" * 1000)
    assert [contents(tmp_path / "x", paths) for _ in range(3)] == [name] * 3
    assert len(read) <= 9  # made anew by the second or third
    contents(tmp_path / "x", paths)
    assert len(read) <= 9


def test_a_memory_that_cannot_be_written_is_done_without(tmp_path, monkeypatch):
    name = name_of(tmp_path / "x")
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("VMBENCH_CACHE", str(tmp_path / "file" / "cache"))
    assert name_of(tmp_path / "x") == name
    shutil.rmtree(tmp_path / "cache")
    (tmp_path / "cache" / module.MEMORY).mkdir(parents=True)
    monkeypatch.setenv("VMBENCH_CACHE", str(tmp_path / "cache"))
    assert name_of(tmp_path / "x") == name


def test_a_file_that_is_gone_is_named(tmp_path):
    with pytest.raises(UserError, match=r"gone\.txt cannot be read: No such file"):
        contents(tmp_path, [tmp_path / "gone.txt"])


def test_a_long_first_reading_is_announced(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(progress, "SLOW", 0.0)
    with Progress().shared():
        name_of(tmp_path / "x")
    assert (
        "reading 3 files (0 MB), once, to name them by their bytes: 33%" in capsys.readouterr().err
    )
    with Progress(quiet=True).shared():
        name_of(tmp_path / "y")
    name_of(tmp_path / "z")  # no command is under way
    assert capsys.readouterr().err == ""


NAME = """
import sys
from pathlib import Path
from vmbench.storage import contents
contents.SETTLED = -10**18
root = Path(sys.argv[1])
print(contents.contents(root, root.rglob("*.txt")))
"""


def test_processes_at_once_agree(tmp_path):
    name = name_of(tmp_path / "x", {f"{i % 7}/{i}.txt": b"%d" % i for i in range(300)})
    command = [sys.executable, "-c", NAME, str(tmp_path / "x")]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    assert [process.communicate()[0].strip() for process in started] == [name] * 4
