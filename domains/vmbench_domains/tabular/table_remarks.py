"""What must be said of a user's table before its numbers are believed."""

from collections.abc import Iterator, Mapping, Sequence

from vmbench.data.dataset import Task
from vmbench_domains.own.fill_codes import LIKE_CODES
from vmbench_domains.own.profile import Profile
from vmbench_domains.own.spelling import alike
from vmbench_domains.tabular.survey import NAMED, Survey

MANY_VALUES = 20  # one-hot columns of one category that are worth a word


def remarks_of(
    survey: Survey,
    task: Task | None,
    numeric: Sequence[str],
    categories: Mapping[str, Sequence[str]],
) -> list[str]:
    """Sizes, missing values, leaks and oddities, a sentence each.

    Args:
        survey: of all rows.
        task: whose label it is; None: there is none.
        numeric: columns that become numbers.
        categories: columns that become one-hot blocks, with their values.
    """
    used = {name: survey.profiles[name] for name in (*numeric, *categories)}
    numbers = {name: used[name] for name in numeric}
    measured = {t.name: survey.profiles[t.name] for t in (task,) if t and not t.classes}
    return [
        f"{len(survey.labels)} rows, {len(numeric)} numeric columns, {len(categories)} categories "
        f"({sum(map(len, categories.values()))} values)",
        *_missing(used),
        *_numbers(numbers),
        *_codes({**numbers, **measured}),
        *_leaks(survey, task.name if task else "", used),
        *_categories(categories),
        *_people(survey),
        *(_labels(survey, task) if task else ()),
    ]


def _missing(used: Mapping[str, Profile]) -> Iterator[str]:
    gaps = {name: profile for name, profile in used.items() if profile.missing}
    if gaps:
        shares = ", ".join(f"{n} {p.missing / p.rows:.1%}" for n, p in gaps.items())
        yield f"missing values ({shares}): numbers become the training mean, categories zeros"
    marked = {
        name: ", ".join(f"'{text}' {count}" for text, count in profile.markers.items())
        for name, profile in gaps.items()
        if profile.numeric and profile.markers
    }
    if marked:
        yield f"read as missing: {'; '.join(f'{name} ({what})' for name, what in marked.items())}"
    infinite = {n: p.sorts["infinite"] for n, p in gaps.items() if p.numeric}
    if any(infinite.values()):
        named = ", ".join(f"{name} {count}" for name, count in infinite.items() if count)
        yield f"infinite, or too large for a 32-bit float, so missing: {named}"


def _numbers(numbers: Mapping[str, Profile]) -> Iterator[str]:
    if commas := [name for name, profile in numbers.items() if profile.comma]:
        yield f"commas are read as decimal points: {', '.join(commas)}"
    if padded := [f"{name} ('{p.padded}')" for name, p in numbers.items() if p.padded]:
        yield (
            f"read as numbers, though they begin with zeros: {', '.join(padded)}; are they codes? "
            f"text = [...] in vmbench.toml makes categories of them"
        )
    if coarse := [name for name, profile in numbers.items() if profile.coarse]:
        yield (
            f"so large for their span that 32-bit floats round them: {', '.join(coarse)}; subtract "
            f"an offset"
        )
    if calendar := [name for name, profile in numbers.items() if profile.calendar]:
        yield (
            f"used as numbers, though they look like dates (20240131): {', '.join(calendar)}; make "
            f"numbers of what matters of them, or leave them out (drop in vmbench.toml)"
        )
    if constant := [name for name, p in numbers.items() if p.low == p.high and not p.missing]:
        yield f"the same in every row: {', '.join(constant)}"


def _codes(numbers: Mapping[str, Profile]) -> Iterator[str]:
    if coded := [f"{name} {p.codes}" for name, p in numbers.items() if p.codes.far()]:
        yield f"{LIKE_CODES}: {'; '.join(coded)}; empty those cells if so"


def _leaks(survey: Survey, target: str, used: Mapping[str, Profile]) -> Iterator[str]:
    for first, second in survey.copies[:NAMED]:
        yield f"LEAK: {second} has the same rows as {first}: take one of them away"
    twins = [name for name in survey.twins if name in used]
    if twins:
        yield (
            f"LEAK: {_some(twins)} says the same as the label '{target}', row by row: leave it out "
            f"(drop in vmbench.toml)"
        )
    rising = [name for name, profile in used.items() if profile.rises]
    if rising:
        yield (
            f"LEAK? {_some(rising)} rises from row to row: is it a number of the row, and the "
            f"table sorted? then leave it out (drop in vmbench.toml)"
        )
    telling = [name for name in survey.telling if name in used]
    if telling:
        yield (
            f"LEAK? every value of {_some(telling)} goes with one label alone: was it made from "
            f"'{target}'? then leave it out (drop in vmbench.toml)"
        )


def _categories(categories: Mapping[str, Sequence[str]]) -> Iterator[str]:
    wide = [f"{c} ({len(v)})" for c, v in categories.items() if len(v) > MANY_VALUES]
    if wide:
        yield f"categories of many values, each a column: {', '.join(wide)}"
    near = {name: found for name, values in categories.items() if (found := alike(values))}
    for name, groups in list(near.items())[:NAMED]:
        names = " and ".join(f"'{value}'" for value in groups[0])
        yield f"column {name}: {names} look alike and are kept apart"


def _people(survey: Survey) -> Iterator[str]:
    if survey.nameless:
        yield (
            f"subjects called {_some(survey.nameless)} are taken for one person each; empty those "
            f"cells if nobody is meant"
        )


def _labels(survey: Survey, task: Task) -> Iterator[str]:
    merged: dict[str, list[str]] = {}
    for written, name in survey.spellings.items():
        merged.setdefault(name, []).append(written)
    several = sorted(name for name, forms in merged.items() if len(forms) > 1)
    if several:
        yield f"labels written in more than one way, read as one: {_some(several)}"
    for group in alike(task.classes)[:NAMED]:
        names = " and ".join(f"'{name}'" for name in group)
        yield f"--target {task.name}: {names} look alike and are kept apart"


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:NAMED]) + (", ..." if len(names) > NAMED else "")
