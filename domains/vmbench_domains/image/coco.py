"""Annotations in COCO's format: one JSON object of arrays, read entry by entry.

The file of MSCOCO's train has 450 MB of text, and would take ten times that as Python objects.
https://cocodataset.org/#format-data
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from vmbench.errors import UserError

AT_ONCE = 1 << 20  # characters per read
BLANK, IN_NUMBERS = " \t\r\n", "0123456789+-.eE"


def read_entries(path: Path, key: str) -> Iterator[Any]:
    """Yield the entries of the array that is called ``key``, one of them in memory at a time.

    Args:
        path: a JSON file whose top level is an object.
        key: of one of its arrays, e.g. ``"annotations"``.

    Raises:
        UserError: the file is no JSON, is cut short, or has no such array.
    """
    try:
        with path.open(encoding="utf-8") as file:
            text = _Text(file)
            text.skip("{")
            while True:
                name = text.value()
                text.skip(":")
                if name == key:
                    yield from text.array()
                    return
                text.discard()
                if text.skip(",}") == "}":
                    raise ValueError(f"it has no '{key}'")
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read: {error}; fetch it again") from error


def read_categories(path: Path) -> dict[int, str]:
    """Number -> name of every category, by number; raises as :func:`read_entries`."""
    entries = list(read_entries(path, "categories"))
    try:
        return dict(sorted((int(entry["id"]), str(entry["name"])) for entry in entries))
    except (LookupError, TypeError, ValueError) as error:
        raise UserError(f"{path}: a category has no id or no name; fetch it again") from error


class _Text:
    """A text file of which one stretch is in memory."""

    def __init__(self, file: IO[str]) -> None:
        self.file, self.buffer, self.at = file, "", 0
        self.decoder = json.JSONDecoder()

    def more(self) -> bool:
        """Read another stretch and drop what was used; False at the end of the file."""
        added = self.file.read(AT_ONCE)
        self.buffer, self.at = self.buffer[self.at :] + added, 0
        return bool(added)

    def peek(self) -> str:
        """The next character that is not blank."""
        while True:
            while self.at < len(self.buffer) and self.buffer[self.at] in BLANK:
                self.at += 1
            if self.at < len(self.buffer):
                return self.buffer[self.at]
            if not self.more():
                raise ValueError("it ends too early")

    def skip(self, wanted: str) -> str:
        """Pass over one of the ``wanted`` characters, and return it."""
        found = self.peek()
        if found not in wanted:
            raise ValueError(f"{found!r} where one of {wanted!r} should be")
        self.at += 1
        return found

    def value(self) -> Any:
        """The next value, whole."""
        self.peek()
        while True:
            try:
                value, end = self.decoder.raw_decode(self.buffer, self.at)
            except ValueError:
                if not self.more():
                    raise
                continue
            ends_here = not self.buffer[end:].strip(IN_NUMBERS)
            if ends_here and isinstance(value, (int, float)) and self.more():
                continue  # a number may go on in the next stretch
            self.at = end
            return value

    def array(self) -> Iterator[Any]:
        """The entries of the array that comes next."""
        self.skip("[")
        if self.peek() == "]":
            self.at += 1
            return
        while True:
            yield self.value()
            if self.skip(",]") == "]":
                return

    def discard(self) -> None:
        """Pass over the next value; an array entry by entry."""
        if self.peek() == "[":
            for _ in self.array():
                pass
        else:
            self.value()
