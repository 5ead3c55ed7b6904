"""The kinds of task. Another one is a file here, its scoring, its loss, and its name in this list.

A kind here knows labels alone; it names, without importing them, its
:class:`~vmbench.evaluation.kinds.base.Scoring` and its loss
(:class:`~vmbench.objectives.labelled.LabelLoss`).
"""

from vmbench.data.kinds.base import TaskKind
from vmbench.data.kinds.multiclass import Multiclass
from vmbench.data.kinds.multilabel import Multilabel
from vmbench.data.kinds.regression import Regression

KINDS: dict[str, type[TaskKind]] = {
    kind.name: kind for kind in (Multiclass, Multilabel, Regression)
}
