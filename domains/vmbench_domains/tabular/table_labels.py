"""The label of every row of a user's table: a class or a number.

A target of numbers is a regression if it has a fraction or more than ``MOST_WHOLE_NUMBERS``
different values, and otherwise classes, as texts are. ``--target NAME:regression``,
``--target NAME:multiclass`` or ``kind`` in ``vmbench.toml`` say otherwise.
"""

from collections.abc import Sequence
from math import isfinite

from vmbench.data.dataset import Label
from vmbench.errors import UserError
from vmbench_domains.own.numbers import cell_number, sort_of, to_number
from vmbench_domains.own.profile import Place, Profile
from vmbench_domains.tabular.survey import Survey

FEW_CODES = 12  # so many numbers, and a text among them, may be codes; more are measurements
MOST_CLASSES = 1000
MOST_WHOLE_NUMBERS = 50  # more different numbers than that are taken for a quantity
OWN_KINDS: tuple[str, ...] = ("multiclass", "regression")


class TableLabels:
    """The labels as written, and what they are.

    Args:
        survey: of all rows.
        target: the label's column.
        kind: what the user says that they are; None: the values decide.

    Attributes:
        written: of each row, empty where it has none.
        kind: ``"multiclass"`` or ``"regression"``.
        classes: in order; none for a regression.
        remarks: what must be said of them.

    Raises:
        UserError: they are numbers but for a few, or too many classes or too few.
    """

    def __init__(self, survey: Survey, target: str, kind: str | None) -> None:
        self.profile = survey.profiles[target]
        self.target = target
        self.remarks: list[str] = []
        numbers = self.profile.numeric and not self.profile.sorts["bool"]
        odd = self.profile.odd()
        if kind is None and odd is not None and len(self.profile.distinct) > FEW_CODES:
            raise mixed(self.profile, odd, f"--target {target}:multiclass takes it for a class")
        self.written = self._written(survey.labels, numbers=numbers, kind=kind)
        found = _some(self.written)
        self.kind = kind or _kind_of(found, numbers, comma=self.profile.comma)
        self.classes: list[str] = []
        if self.kind == "multiclass":
            self.classes = sorted(found, key=_numbers_first)
            if len(found) > MOST_CLASSES or len(found) < 2:
                count = f"more than {MOST_CLASSES}" if len(found) > MOST_CLASSES else len(found)
                raise UserError(
                    f"--target {target} has {count} different values: a class is needed, of 2 to "
                    f"{MOST_CLASSES}; numbers that are a quantity are --target {target}:regression"
                )

    def _written(self, labels: list[str], *, numbers: bool, kind: str | None) -> list[str]:
        """Markers of a missing number are none among numbers, and a class among texts."""
        profile = self.profile
        if profile.sorts["bool"] and profile.sorts["bool"] == profile.filled:
            written = {text: text.capitalize() for text in set(labels) if sort_of(text) == "bool"}
            if len(written) > 2:
                self.remarks.append(f"labels read as one: {', '.join(sorted(written))}")
            labels = [written.get(text, text) for text in labels]
        if not profile.markers:
            return labels
        names = ", ".join(f"'{text}' ({count})" for text, count in profile.markers.items())
        if kind == "regression" or (numbers and kind is None):
            self.remarks.append(
                f"--target {self.target}: no label, as it says that a number is missing: {names}; "
                f"{self.target}:multiclass would take it for a class"
            )
            return ["" if text in profile.markers else text for text in labels]
        self.remarks.append(
            f"--target {self.target}: taken for a class: {names}; empty those cells if the label "
            f"is missing there"
        )
        return labels

    def values(self, rows: Sequence[int], where: str) -> list[Label]:
        """Class index or real target of some rows, all of which have a label.

        Raises:
            UserError: one is no finite number, of a regression.
        """
        texts = [self.written[row] for row in rows]
        if self.kind == "multiclass":
            code = {label: place for place, label in enumerate(self.classes)}
            return [code[text] for text in texts]
        found = [cell_number(text, comma=self.profile.comma) for text in texts]
        bad = next((t for t, value in zip(texts, found, strict=True) if not isfinite(value)), None)
        if bad is not None:
            raise UserError(f"{where} is no number in some rows, e.g. '{bad}': mend or empty them")
        return list(found)


def _some(labels: Sequence[str]) -> set[str]:
    """The different labels, up to one more than there may be classes."""
    found: set[str] = set()
    for label in labels:
        if label:
            found.add(label)
            if len(found) > MOST_CLASSES:
                break
    return found


def mixed(profile: Profile, odd: Place, otherwise: str) -> UserError:
    """The error for a column of numbers in which ``odd`` is none."""
    return UserError(
        f"{odd.path}, {odd.counted} {odd.line}: '{odd.text}' in column '{profile.name}' does not "
        f"read as a number, and most of its values look like numbers: write it as in 1234.5 or "
        f"empty it; or {otherwise}"
    )


def _kind_of(values: set[str], numbers: bool, *, comma: bool = False) -> str:
    """The rule at the head of this module.

    >>> _kind_of({"1", "2"}, True), _kind_of({"1", "2.5"}, True), _kind_of({"1", "b"}, False)
    ('multiclass', 'regression', 'multiclass')
    """
    quantity = numbers and (
        len(values) > MOST_WHOLE_NUMBERS
        or any(not cell_number(text, comma=comma).is_integer() for text in values)
    )
    return "regression" if quantity else "multiclass"


def _numbers_first(text: str) -> tuple[bool, float, str]:
    number = to_number(text)
    return (number is None, number or 0.0, text)
