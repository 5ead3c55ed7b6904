"""What may share a board. Numbers from different conditions are refused, never averaged."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from vmbench.errors import UserError
from vmbench.results import Result
from vmbench_leaderboard.wording import counted

UNKNOWN = "unknown"
UNITS = "units"


def require_one_preset(results: Sequence[Result]) -> str:
    """The one preset of all results; raises :class:`UserError` naming them all if there are more.

    A preset sets the size of the networks and the length of training, so that numbers from two of
    them are not comparable.
    """
    presets = Counter(result.preset for result in results)
    if len(presets) > 1:
        raise UserError(
            f"the results mix presets: {_counts(presets)}; choose one with "
            f"--preset {presets.most_common(1)[0][0]}"
        )
    return next(iter(presets))


def require_one_revision(results: Iterable[Result]) -> None:
    """Raise :class:`UserError` if a dataset was used at several revisions.

    A revision that a file of schema 1 does not tell agrees with any.
    """
    revisions: dict[tuple[str, str], Counter[str]] = {}
    for result in results:
        used = {(task.dataset, task.revision) for task in result.tasks}
        used.add((result.pretrain.dataset, result.pretrain.revision))
        for dataset, revision in used:
            if revision != UNKNOWN:
                counts = revisions.setdefault((result.domain, dataset), Counter())
                counts[revision] += 1
    for (domain, dataset), counts in sorted(revisions.items()):
        if len(counts) > 1:
            raise UserError(
                f"the results mix revisions of {domain} dataset {dataset}: {_counts(counts)}; "
                f"give only the paths of one, or leave the domain out with --domain"
            )


def require_one_protocol(results: Iterable[Result]) -> None:
    """Raise :class:`UserError` if a task was scored in several ways.

    The evaluation (linear probe, k-NN ...), the metric and its direction, the number of test
    examples and classes, their independent units and the split rule must agree between all runs
    of a task.
    """
    seen: dict[tuple[str, str, str], dict[str, object]] = {}
    for result in results:
        for task in result.tasks:
            protocol: dict[str, object] = {
                "evaluation": task.probe.kind,
                "metric": task.metric,
                "higher_is_better": task.higher_is_better,
                "n_test": task.n_test,
                "n_classes": task.n_classes,
                "split_rule": task.split_rule,
            }
            known = seen.setdefault((result.domain, task.dataset, task.task), protocol)
            if task.units is not None:
                sizes = task.units.sizes
                if known.setdefault(UNITS, sizes) != sizes:
                    raise UserError(
                        f"run {result.run_id} tests {result.domain}:{task.dataset}/{task.task} on "
                        f"other groups of examples than the runs before it; give only the paths "
                        f"of one"
                    )
            for field, value in protocol.items():
                if known[field] != value:
                    raise UserError(
                        f"the results score {result.domain}:{task.dataset}/{task.task} in two "
                        f"ways: {field} is {known[field]!r} and, in run {result.run_id}, "
                        f"{value!r}; give only the paths of one"
                    )


def require_coherent(results: Sequence[Result]) -> str:
    """All of the above; returns the preset."""
    preset = require_one_preset(results)
    require_one_revision(results)
    require_one_protocol(results)
    return preset


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(
        f"{name or '(none)'} ({counted(n, 'run')})" for name, n in sorted(counts.items())
    )
