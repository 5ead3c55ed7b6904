"""Train, val and test of a user's own examples: as they say, else by group, else by class."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vmbench.data.dataset import HeldOut, Split
from vmbench.errors import UserError
from vmbench_domains.rows import stratified_shares

VAL_SHARE, TEST_SHARE = 0.1, 0.2
SPLIT_SEED = 0
FEWEST_GROUPS = 3
NAMES: Mapping[str, Split] = {
    "train": "train", "training": "train",
    "val": "val", "valid": "val", "validation": "val", "dev": "val",
    "test": "test", "testing": "test",
}  # fmt: skip


def split_name(text: object, where: str) -> Split:
    """``train``, ``val`` or ``test`` for any of their usual names; raises :class:`UserError`."""
    found = NAMES.get(str(text).strip().lower())
    if found is None:
        raise UserError(f"{where}: split {text!r} is none of train, val, test")
    return found


def splits_of_files(root: Path, paths: Sequence[Path]) -> list[Split | None]:
    """The side that each file is on by the name of its folder or its own; None throughout if none.

    ``train/a.csv``, ``test.csv``, ``trainData.csv``, ``split=val/0.parquet`` name one; where a
    folder does, the files' own names are not looked at. One and the same for all is none: there is
    nothing to tell.

    Args:
        root: the user's folder; what lies above it names nothing.
        paths: files below it.

    Raises:
        UserError: some files name a side and others do not, or a name says two.
    """
    inner = [path.relative_to(root) for path in paths]
    sides = [_named(path.parts[:-1], path) for path in inner]
    if not any(sides):
        sides = [_named([Path(path.name.removesuffix(".gz")).stem], path) for path in inner]
    if len(set(sides)) == 1:
        return [None] * len(paths)
    if not all(sides):
        named, other = (
            next(path for path, side in zip(inner, sides, strict=True) if bool(side) == said)
            for said in (True, False)
        )
        raise UserError(
            f"{root}: the name of {named} says train, val or test, that of {other} does not: let "
            f"every file or folder say so, or none"
        )
    return sides


WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")


def _named(names: Sequence[str], path: Path) -> Split | None:
    words = {word.lower() for name in names for word in WORD.findall(name)}
    bare = {word.removesuffix("data").removesuffix("set") for word in words}
    found = {NAMES[word] for word in bare if word in NAMES}
    if len(found) > 1:
        raise UserError(f"{path}: its name says {' and '.join(sorted(found))}: which is it?")
    return found.pop() if found else None


def assign_splits(
    labels: Sequence[str],
    groups: Sequence[str | None],
    given: Sequence[Split | None],
    where: object,
    of: str = "each class",
) -> tuple[list[Split], str]:
    """The side of every example, and the rule in words.

    Args:
        labels: class of each example, of which a share is held out; one and the same for all
            where there are no classes.
        groups: subject or speaker of each, or None throughout.
        given: the split of each as the user wrote it, or None throughout.
        where: for messages.
        of: what the shares are of, in words.

    Raises:
        UserError: some examples have a split or group and some none, or there are too few groups.
    """
    if any(given):
        return _as_given(labels, groups, given, where, of)
    if any(groups):
        return _by_group(groups, where)
    sides = stratified_shares(labels, val=VAL_SHARE, test=TEST_SHARE, seed=SPLIT_SEED)
    return sides, f"20% of {of} held out for test, 10% for val; no subjects are named"


@dataclass(frozen=True)
class Assigned:
    """Where examples are of which some have no label.

    Attributes:
        sides: of each that has one; None for the others.
        bare: of each, whether it is to be pretrained on without a label.
        rule: of the labelled ones, in words; "" where there are none.
        remarks: what is left out, and why.
    """

    sides: list[Split | None]
    bare: list[bool]
    rule: str
    remarks: list[str]


def assign_partly(
    labelled: Sequence[bool],
    labels: Sequence[str],
    groups: Sequence[str | None],
    given: Sequence[Split | None],
    where: object,
    *,
    of: str = "each class",
    noun: str = "examples",
) -> Assigned:
    """:func:`assign_splits` of the labelled ones alone, and which others are pretrained on.

    Those are not that the user put on val or test; nor, where others name their subject, those
    that name none: it may be one that is held out.
    """
    rows = [row for row, has_one in enumerate(labelled) if has_one]
    sides: list[Split | None] = [None] * len(labelled)
    rule = ""
    if rows:
        drawn, rule = assign_splits(
            [labels[row] for row in rows],
            [groups[row] for row in rows],
            [given[row] for row in rows],
            where,
            of,
        )
        for row, side in zip(rows, drawn, strict=True):
            sides[row] = side
    named = any(groups[row] is not None for row in rows)
    others = [not has_one for has_one in labelled]
    held_out = [bare and side in ("val", "test") for bare, side in zip(others, given, strict=True)]
    nameless = [
        bare and named and group is None and not out
        for bare, group, out in zip(others, groups, held_out, strict=True)
    ]
    bare = [
        all((each, not out, not unnamed))
        for each, out, unnamed in zip(others, held_out, nameless, strict=True)
    ]
    remarks = [
        f"{sum(found)} {noun} without a label {why}: left out"
        for found, why in (
            (held_out, "are in val or test"),
            (nameless, "name no subject, as others do"),
        )
        if any(found)
    ]
    return Assigned(sides, bare, rule, remarks)


def _as_given(
    labels: Sequence[str],
    groups: Sequence[str | None],
    given: Sequence[Split | None],
    where: object,
    of: str,
) -> tuple[list[Split], str]:
    sides = [side for side in given if side]
    if len(sides) < len(given):
        raise UserError(
            f"{where}: {len(given) - len(sides)} of {len(given)} examples have no split, the "
            f"others have: say train, val or test for each, or for none"
        )
    if "test" not in sides or "train" not in sides:
        raise UserError(f"{where}: the split names no {'test' if 'train' in sides else 'train'}")
    if "val" in sides:
        return sides, "as the data says"
    train = [row for row, side in enumerate(sides) if side == "train"]
    inner, rule = (
        _val_groups([groups[row] for row in train])
        if all(groups) and len({groups[row] for row in train}) > 1
        else (
            stratified_shares([labels[row] for row in train], val=VAL_SHARE, test=0),
            f"10% of {of}",
        )
    )
    for row, side in zip(train, inner, strict=True):
        sides[row] = side
    return sides, f"test as the data says; {rule} of its train held out for val"


def _val_groups(groups: Sequence[str | None]) -> tuple[list[Split], str]:
    count = len(set(groups))
    val = max(1, round(VAL_SHARE * count))
    rule = HeldOut.draw(groups, val=val, test=0, seed=SPLIT_SEED)
    return [rule.split(group) for group in groups], f"{val} of {count} subjects"


def _by_group(groups: Sequence[str | None], where: object) -> tuple[list[Split], str]:
    nameless = sum(group is None for group in groups)
    if nameless:
        raise UserError(f"{where}: {nameless} of {len(groups)} examples name no subject")
    count = len(set(groups))
    if count < FEWEST_GROUPS:
        raise UserError(
            f"{where}: {count} subjects are too few to hold one out for val and one for test "
            f"({FEWEST_GROUPS} at least); add a column 'split' that says train, val or test"
        )
    val, test = (max(1, round(share * count)) for share in (VAL_SHARE, TEST_SHARE))
    rule = HeldOut.draw(groups, val=val, test=test, seed=SPLIT_SEED)
    sides = [rule.split(group) for group in groups]
    return sides, f"{test} of {count} subjects held out for test, {val} for val"
