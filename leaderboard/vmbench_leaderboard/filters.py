"""Which results a board is about; everything is computed again from what is left."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vmbench.errors import unknown_name
from vmbench.failures import Failure
from vmbench.results import Result


@dataclass(frozen=True)
class Filters:
    """Names to keep; an empty tuple keeps all.

    A result without an objective (a yardstick) passes every objective filter: it is the same
    floor or ceiling for all of them.
    """

    domains: tuple[str, ...] = ()
    objectives: tuple[str, ...] = ()
    presets: tuple[str, ...] = ()

    def keeps(self, result: Result | Failure) -> bool:
        """Whether ``result`` passes."""
        return (
            (not self.domains or result.domain in self.domains)
            and (not self.presets or result.preset in self.presets)
            and (
                not self.objectives
                or result.objective is None
                or result.objective in self.objectives
            )
        )

    def require_known(self, results: Iterable[Result]) -> None:
        """Raise :class:`UserError`, with the nearest name, for a filter that no result has."""
        results = list(results)
        for kind, names, present in (
            ("domain", self.domains, {r.domain for r in results}),
            ("objective", self.objectives, {r.objective for r in results if r.objective}),
            ("preset", self.presets, {r.preset for r in results}),
        ):
            for name in names:
                if name not in present:
                    raise unknown_name(f"{kind} in these results", name, present)

    def apply(self, results: Sequence[Result]) -> list[Result]:
        """The results that pass, after :meth:`require_known`."""
        self.require_known(results)
        return [result for result in results if self.keeps(result)]
