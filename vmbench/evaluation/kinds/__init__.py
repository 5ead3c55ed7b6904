"""How predictions are judged, by the kind of task; one file per kind, named by its rules."""

from functools import cache
from typing import cast

from vmbench.data.kinds import KINDS
from vmbench.evaluation.kinds.base import Scoring
from vmbench.registry import import_target


@cache
def scoring(kind: str) -> Scoring:
    """The scoring that a kind in :data:`vmbench.data.kinds.KINDS` names."""
    return cast(type[Scoring], import_target(KINDS[kind].scoring))()
