"""Names that differ by their spelling alone: one thing or two, only the user knows."""

from collections import defaultdict
from collections.abc import Collection


def alike(names: Collection[str]) -> list[list[str]]:
    """Names that differ in capitals, blanks or the way their number is written alone.

    >>> alike(["cat", "Cat", "1", "01", "dog"])
    [['01', '1'], ['Cat', 'cat']]
    """
    groups: dict[object, list[str]] = defaultdict(list)
    for name in names:
        groups[_loosely(name)].append(name)
    return sorted(sorted(group) for group in groups.values() if len(group) > 1)


def _loosely(name: str) -> object:
    try:
        return float(name)
    except ValueError:
        return " ".join(name.casefold().split())
