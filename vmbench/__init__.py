"""vmbench: a domain-agnostic benchmark of self-supervised views.

>>> import vmbench
>>> result = vmbench.run(domain="tabular", method="viewmaker", preset="smoke")  # doctest: +SKIP

Importing the package is light: torch is loaded by the first :func:`run`.
"""

TYPE_CHECKING = False  # for type checkers; importing typing would cost as much as all the rest
if TYPE_CHECKING:
    from vmbench.pretrained.encoder import load
    from vmbench.pretrained.featurizer import Featurizer
    from vmbench.results import Result
    from vmbench.runs.embedding import embed
    from vmbench.runs.halves import evaluate, pretrain
    from vmbench.runs.runner import run

__version__ = "0.1.0"
__all__ = [
    "Featurizer", "Result", "__version__", "embed", "evaluate", "load", "pretrain", "run",
]  # fmt: skip

_WHERE = {
    "Featurizer": "vmbench.pretrained.featurizer",
    "Result": "vmbench.results",
    "embed": "vmbench.runs.embedding",
    "evaluate": "vmbench.runs.halves",
    "load": "vmbench.pretrained.encoder",
    "pretrain": "vmbench.runs.halves",
    "run": "vmbench.runs.runner",
}


def __getattr__(name: str) -> object:
    """Load the heavy names on first use (PEP 562)."""
    if name not in _WHERE:
        raise AttributeError(f"module 'vmbench' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_WHERE[name]), name)
