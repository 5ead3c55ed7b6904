"""Finding the files that a user keeps under ``--data-dir``, and telling what is missing or broken.

A dataset declares the publisher's layout, and where its publisher offers the files; they are
downloaded only when the user asks for it (:meth:`FileDataset.fetch`).
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from vmbench.config import digest
from vmbench.data.dataset import Dataset
from vmbench.errors import AbsentError, UserError
from vmbench_domains.download import Download, fetch
from vmbench_domains.listing import MANY, find, remembered_states
from vmbench_domains.own.files import is_junk

HERE = "."  # the place that is --data-dir itself
# What a file is called while vmbench, curl, wget or a browser still writes it.
UNFINISHED = (".part", ".part.tag", ".partial", ".crdownload", ".download", ".aria2", ".tmp")


class FileDataset(Dataset):
    """Base of the datasets that read their publisher's own files.

    Class attributes:
        places: folders under ``--data-dir``, tried in this order; ``"."`` is that folder itself.
        files: patterns, each of which must match something in a place.
        elsewhere: such a pattern -> other patterns that stand for it, where a publisher has the
            same files in more than one layout.
        downloads: the publisher's files that ``vmbench data fetch`` gets; none where they must be
            asked for, or a licence be signed.

    Attributes:
        root: the place found by :meth:`inspect`.
    """

    places: ClassVar[tuple[str, ...]]
    files: ClassVar[tuple[str, ...]]
    elsewhere: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    downloads: ClassVar[tuple[Download, ...]] = ()
    root: Path

    def inspect(self, target: str | None) -> None:
        """Find the place whose files match; raises :class:`UserError` if there is none."""
        super().inspect(target)
        self.root, found = self.locate()
        self.fingerprint = fingerprint(self.root, found)

    def locate(self) -> tuple[Path, list[Path]]:
        """The place, and every file in it that matches a pattern, sorted (many: by pattern)."""
        if self.data_dir is None:
            raise UserError(
                f"dataset '{self.name}' is not embedded: get it from {self.card.homepage}"
                f"{self._fetching(' (or vmbench data fetch {})')} and name its folder with "
                f"--data-dir, so that {self.wanted()}"
            )
        lacking: list[str] = []
        for place in self.places:
            root = self.data_dir / place
            matches = [self.matches(root, pattern) for pattern in self.files]
            if all(matches):
                found = dict.fromkeys(path for match in matches for path in match)
                # Sorting paths takes as long as finding them; of one pattern they are sorted.
                return root, list(found) if len(found) > MANY else sorted(found)
            if root.is_dir() and any(matches):  # the right place, but something is missing
                pairs = zip(self.files, matches, strict=True)
                lacking = lacking or [str(root / p) for p, match in pairs if not match]
        missing = f"{', '.join(lacking)} is missing; " if lacking else ""
        for path in (p for place in self.places for p in self._unfinished(self.data_dir / place)):
            missing += f"{path} is an unfinished download; "
            break
        raise AbsentError(
            f"dataset '{self.name}' is not in --data-dir {self.data_dir}: {missing}it is found "
            f"where {self.wanted()}; its publisher has it at {self.card.homepage}"
            f"{self._fetching('; vmbench data fetch {} gets it')}"
        )

    def matches(self, root: Path, pattern: str) -> list[Path]:
        """What one of :attr:`files` stands for below ``root``: itself, or else what replaces it."""
        for candidate in (pattern, *self.elsewhere.get(pattern, ())):
            if found := matching(root, candidate):
                return found
        return []

    def paths_of(self, pattern: str) -> list[Path]:
        """The files in :attr:`root` that one of :attr:`files` stands for, sorted."""
        return self.matches(self.root, pattern)

    def path_of(self, pattern: str) -> Path:
        """The first of :meth:`paths_of`."""
        return self.paths_of(pattern)[0]

    def _unfinished(self, root: Path) -> Iterator[Path]:
        """Downloads that broke off, of what this dataset looks for."""
        others = (name for names in self.elsewhere.values() for name in names if "**" not in name)
        for name in (*self.files, *others, *(download.name for download in self.downloads)):
            for path in sorted(root.glob(f"{name.rstrip('*')}*")):
                if path.name.endswith(UNFINISHED) and path.is_file():
                    yield path

    def _fetching(self, hint: str) -> str:
        return hint.format(self.name) if self.downloads else ""

    def sources(self) -> list[str]:
        """The downloads, a line each."""
        return [str(download) for download in self.downloads]

    def fetch(self, folder: Path) -> None:
        """Download what ``folder`` lacks, and see that the dataset is then found there."""
        if self.generic:
            super().fetch(folder)
        if not self.downloads:
            raise UserError(
                f"dataset '{self.name}' must be got by hand from {self.card.homepage}, so that in "
                f"DIR, your --data-dir, {self.wanted()}"
            )
        fetch(self.downloads, folder, again=not self._is_in(folder))
        self._reader(folder).locate()

    def _is_in(self, folder: Path) -> bool:
        try:
            self._reader(folder).locate()
        except UserError:
            return False
        return True

    def write_sample(self, folder: Path) -> None:
        """Write a tiny set into the first of :attr:`places`."""
        root = folder / self.places[0]
        root.mkdir(parents=True, exist_ok=True)
        self.write_files(root)

    def write_files(self, root: Path) -> None:
        """Write that set: the publisher's names and format, synthetic content.

        Args:
            root: takes the place of :attr:`root`; exists and is empty.

        Raises:
            UserError: the dataset offers no sample.
        """
        super().write_sample(root)

    def wanted(self) -> str:
        """The layout in words, for error messages."""
        places = " or ".join(f"DIR/{p}" if p != HERE else "DIR itself" for p in self.places)
        return f"{places} holds {', '.join(self.files)}"


def matching(root: Path, pattern: str) -> list[Path]:
    """What matches below ``root``, sorted: no hidden file, and none that is still being written."""
    if "**" not in pattern:
        return find(root, pattern, _is_data)
    start = len(str(root)) + 1 if str(root) != HERE else 0
    return sorted(path for path in root.glob(pattern) if _is_data(str(path)[start:]))


def _is_data(name: str) -> bool:
    return not name.endswith(UNFINISHED) and not any(map(is_junk, name.split(os.sep)))


def fingerprint(root: Path, paths: Sequence[Path]) -> str:
    """Eight hex digits that differ when a file is added, removed or changed.

    Names, sizes and times of change are compared, not contents: reading 100 hours of speech to
    see whether they were read before would take as long as reading them.
    """

    def read() -> str:
        states = [(str(path.relative_to(root)), path.stat()) for path in paths]
        return digest([(name, state.st_size, state.st_mtime_ns) for name, state in states])

    return remembered_states(root, paths, read)


class Skips:
    """Counts the files or lines that cannot be read; too many are an error.

    Up to 1% are skipped, or five if that is more, but never more than a quarter.

    Args:
        dataset: whose remarks name them.
        total: files or lines to be read.
        what: e.g. "clips".
    """

    NAMED = 5  # how many are named one by one

    def __init__(self, dataset: Dataset, total: int, what: str) -> None:
        self.dataset, self.total, self.what = dataset, total, what
        self.limit = max(total // 100, min(5, total // 4))
        self.found: list[str] = []
        self._taken = 0

    def add(self, where: object, cause: object) -> None:
        """Note one; raises :class:`UserError` if that is one too many."""
        self.absorb([f"{where} ({' '.join(str(cause).split())})"])

    def absorb(self, found: Sequence[str]) -> None:
        """Note what another pass found; raises :class:`UserError` if that is too many."""
        self.found += found
        if len(self.found) > self.limit:
            raise UserError(
                f"dataset '{self.dataset.name}': more than {self.limit} of {self.total} "
                f"{self.what} cannot be read, e.g. {self.found[0]}; mend or remove them"
            )

    def take(self) -> list[str]:
        """What was found since this was last asked."""
        new = self.found[self._taken :]
        self._taken = len(self.found)
        return new

    def said(self) -> Iterator[str]:
        """A sentence if anything was skipped."""
        if self.found:
            named = "; ".join(self.found[: self.NAMED])
            more = len(self.found) - self.NAMED
            yield (
                f"skipped {len(self.found)} of {self.total} {self.what} that cannot be read: "
                f"{named}" + (f"; and {more} more" if more > 0 else "")
            )

    def close(self) -> None:
        """Put what was skipped into the dataset's remarks."""
        self.dataset.remarks.extend(self.said())
