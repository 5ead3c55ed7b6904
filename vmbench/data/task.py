"""A task: one label of a dataset. What follows from its kind is :mod:`vmbench.data.kinds`."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vmbench.data.kinds import KINDS
from vmbench.data.kinds.base import TaskKind
from vmbench.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Task:
    """One label of a dataset: a class, a set of findings, or a number.

    Attributes:
        name: as in ``--transfer dataset/name``.
        classes: names of the classes; of a multilabel task, of what may be present; of a
            regression, ``()``.
        split_rule: one sentence, e.g. "6 of 30 voices held out for test, 4 for val".
        hidden: spans ``(start, stop)`` of a Vector that hold the label itself; they are set to
            zero (after normalisation: the mean) whenever features for this task are computed.
        kind: a name in :data:`vmbench.data.kinds.KINDS`: ``"multiclass"`` (a label is an index
            into ``classes``), ``"multilabel"`` (a tuple of 0 or 1 per class) or ``"regression"``
            (a real number).
        default: whether it is evaluated where ``--transfer`` does not name it.

    Raises:
        UserError: ``kind`` is none of these, or ``classes`` does not go with it.
    """

    name: str
    classes: tuple[str, ...]
    split_rule: str
    hidden: tuple[tuple[int, int], ...] = ()
    kind: str = "multiclass"
    default: bool = True

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise UserError(f"task {self.name}: kind {self.kind!r}: use {', '.join(KINDS)}")
        if self.classes and not self.rules.fewest_classes:
            raise UserError(f"task {self.name} is a {self.kind}: it has no classes, classes=()")
        if self.rules.fewest_classes and not self.classes:
            classless = [name for name, kind in KINDS.items() if not kind.fewest_classes]
            raise UserError(
                f"task {self.name} is {self.kind} and names no classes: name them, or state "
                + " or ".join(f'kind="{name}"' for name in classless)
            )

    @property
    def rules(self) -> TaskKind:
        """What follows from the kind: labels, how they are stored, what is said of them."""
        return KINDS[self.kind](self.name, self.classes, self.split_rule)

    def accepts(self, label: object) -> bool:
        """Whether ``label`` is one of this task.

        >>> Task("findings", ("mass", "nodule"), "by patient", kind="multilabel").accepts((0, 1))
        True
        """
        return self.rules.accepts(label)

    @property
    def labels_wanted(self) -> str:
        """What a label must be, for messages."""
        return self.rules.wanted

    @property
    def summary(self) -> str:
        """What is predicted, e.g. ``10 classes``.

        >>> Task("price", (), "by stone", kind="regression").summary
        'regression'
        """
        return self.rules.summary

    def hide(self, x: "Tensor") -> "Tensor":
        """``x`` (B, F) with the columns that hold the label set to zero, the training mean."""
        if not self.hidden:
            return x
        x = x.clone()
        for start, stop in self.hidden:
            x[:, start:stop] = 0
        return x
