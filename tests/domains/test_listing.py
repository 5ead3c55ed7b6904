"""Files of very large sets: found as ``glob`` finds them, and remembered until a folder changes."""

import os

import pytest

from vmbench_domains import listing
from vmbench_domains.listing import find
from vmbench_domains.source import fingerprint, matching

PATTERN = "[0-9]*/[0-9]*/*.flac"
NAMES = [f"{reader}/{chapter}/{i}.flac" for reader in (7, 19) for chapter in (1, 2) for i in (1, 2)]


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setattr(listing, "MANY", 3)
    for name in (*NAMES, "7/1/.hidden.flac", "7/1/text.txt", "a/1/1.flac", "7/loose.flac"):
        path = tmp_path / "set" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path / "set"


def names(root, pattern=PATTERN):
    return [str(path.relative_to(root)) for path in matching(root, pattern)]


def test_what_glob_finds_is_found_in_its_order_and_listed_once(root, monkeypatch):
    assert names(root) == sorted(NAMES, key=lambda name: name.split("/"))
    assert find(root, "*/*", lambda _: True) == sorted(root.glob("*/*"))
    assert names(root, "7/*/1.*") == ["7/1/1.flac", "7/2/1.flac"]
    assert names(root, "absent/*") == []
    monkeypatch.setattr(os, "scandir", lambda *_: pytest.fail("listed again"))
    assert len(names(root)) == len(NAMES)


@pytest.mark.parametrize(("change", "gained"), [
    (lambda root: (root / "7/1/3.flac").write_text("new"), 1),
    (lambda root: (root / "19/2/1.flac").unlink(), -1),
    (lambda root: (root / "19").rename(root / "b"), -4),
    (lambda root: (root / "a").rename(root / "8"), 1),
])  # fmt: skip
def test_a_change_in_a_folder_is_seen(change, gained, root):
    before = fingerprint(root, matching(root, PATTERN))
    assert fingerprint(root, matching(root, PATTERN)) == before
    change(root)
    after = names(root)
    assert len(after) == len(NAMES) + gained
    assert after == [str(path.relative_to(root)) for path in sorted(root.glob(PATTERN))
                     if not path.name.startswith(".")]  # fmt: skip
    assert fingerprint(root, matching(root, PATTERN)) != before


def test_a_file_that_is_replaced_changes_the_fingerprint_and_files_are_not_asked_again(
    root, monkeypatch
):
    paths = matching(root, PATTERN)
    before = fingerprint(root, paths)
    asked = []
    real = type(root).stat
    monkeypatch.setattr(
        type(root), "stat", lambda self, **how: asked.append(self) or real(self, **how)
    )
    assert fingerprint(root, paths) == before
    assert not asked
    (root / "new").write_text("longer than before")
    (root / "new").replace(paths[-1])
    assert fingerprint(root, paths) != before


def test_a_damaged_memory_is_done_without(root):
    found = names(root)
    for memory in (listing.cache_folder() / listing.FOLDER).iterdir():
        memory.write_text("{")
    assert names(root) == found
