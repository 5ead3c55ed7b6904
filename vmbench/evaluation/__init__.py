"""Evaluations: how the features of a method become one number per task.

One evaluation is one file here; importing this package loads none of them.
"""

from vmbench.data.roster import limit
from vmbench.evaluation.base import Evaluation, Problem, Score, evaluate

__all__ = ["Evaluation", "Problem", "Score", "evaluate", "limit"]
