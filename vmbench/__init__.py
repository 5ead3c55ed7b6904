"""vmbench: a domain-agnostic benchmark of self-supervised views.

>>> import vmbench
>>> result = vmbench.run(domain="tabular", method="viewmaker", preset="smoke")  # doctest: +SKIP

Importing the package is light: torch is loaded by the first :func:`run`.
"""

TYPE_CHECKING = False  # for type checkers; importing typing would cost as much as all the rest
if TYPE_CHECKING:
    from vmbench.results import Result
    from vmbench.runs.runner import run

__version__ = "0.1.0"
__all__ = ["Result", "__version__", "run"]


def __getattr__(name: str) -> object:
    """Load the heavy names on first use (PEP 562)."""
    if name == "run":
        from vmbench.runs.runner import run

        return run
    if name == "Result":
        from vmbench.results import Result

        return Result
    raise AttributeError(f"module 'vmbench' has no attribute {name!r}")
