"""How often the board's 95% intervals hold the truth, simulated where the truth is known.

    python benchmarks/coverage.py [--replicates 2000] [--out coverage.md]

Values follow the board's model, drawn here by other means than its statistics use: a row's chance
of a test example is its level + the seed's effect + the effect of the example's group (or, without
groups, how hard the example is) + what that group is to this row alone, and the example is then
right or wrong by that chance. All effects are symmetric around 0 and bounded, so the level is the
true mean. Rows share the test data, and a third of the variance of a seed's effect.

Cells, scores (floor and ceiling simulated with as many seeds) and differences of two rows' scores
are counted, with a normal or few-seed interval nowhere assumed. The table says in how many percent
of the replicates the interval holds the truth, and how wide it is.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# Levels of floor, ceiling and two rows.
FLOOR, CEILING, ONE, OTHER = range(4)
Levels = tuple[float, float, float, float]
WIDE: Levels = (0.40, 0.74, 0.55, 0.65)
MOST_STORED = 256  # units that a result stores; more are pooled


@dataclass(frozen=True)
class Scenario:
    """A study: ``groups`` of 0 means independent examples; spreads are standard deviations."""

    name: str
    examples: int
    groups: int
    of_seeds: float
    of_units: float
    tasks: tuple[Levels, ...] = (WIDE,)


THREE: tuple[Levels, ...] = (WIDE, (0.45, 0.70, 0.60, 0.52), (0.35, 0.60, 0.40, 0.55))
SCENARIOS = (
    Scenario("2,000 examples, steady seeds", 2000, 0, 0.003, 0.15),
    Scenario("2,000 examples, noisy seeds", 2000, 0, 0.025, 0.15),
    Scenario("400 examples, steady seeds", 400, 0, 0.003, 0.15),
    Scenario("400 examples, noisy seeds", 400, 0, 0.025, 0.15),
    Scenario("3 people, steady seeds", 1200, 3, 0.003, 0.05),
    Scenario("3 people, noisy seeds", 1200, 3, 0.025, 0.05),
    Scenario("6 people, steady seeds", 1200, 6, 0.003, 0.05),
    Scenario("6 people, noisy seeds", 1200, 6, 0.025, 0.05),
    Scenario("20 people, steady seeds", 1200, 20, 0.003, 0.05),
    Scenario("20 people, noisy seeds", 1200, 20, 0.025, 0.05),
    Scenario("3 tasks, 1,000 examples, noisy seeds", 1000, 0, 0.025, 0.15, THREE),
    Scenario("3 tasks, 6 people, steady seeds", 1200, 6, 0.003, 0.05, THREE),
    Scenario("3 tasks, 6 people, noisy seeds", 1200, 6, 0.025, 0.05, THREE),
    Scenario("a gain of few errors, 400 examples", 400, 0, 0.01, 0.15, ((0.50, 0.64, 0.55, 0.60),)),
    Scenario("near 1, 1,000 examples", 1000, 0, 0.003, 0.01, ((0.85, 0.97, 0.90, 0.95),)),
)


@dataclass(frozen=True)
class Study:
    """One simulated task: ``values`` (K, S), ``units`` (K, S, G) and ``sizes`` (G,)."""

    values: Array
    units: Array
    sizes: Array


def symmetric(rng: np.random.Generator, spread: float, *shape: int) -> Array:
    """Normal effects cut at two standard deviations, so that chances stay within 0 and 1."""
    effects = rng.standard_normal(shape)
    while (far := np.abs(effects) > 2).any():
        effects[far] = rng.standard_normal(int(far.sum()))
    return effects * spread


def simulate(scenario: Scenario, seeds: int, rng: np.random.Generator) -> list[Study]:
    """The runs of all rows on all tasks of one replicate."""
    rows = len(WIDE)
    common = symmetric(rng, scenario.of_seeds * (1 / 3) ** 0.5, seeds)
    own = symmetric(rng, scenario.of_seeds * (2 / 3) ** 0.5, rows, seeds)
    studies = []
    for levels in scenario.tasks:
        chance = np.array(levels)[:, None] + common + own  # (K, S)
        if scenario.groups:
            # Groups of unequal size, the largest three times the smallest.
            weights = np.linspace(1, 3, scenario.groups)
            sizes = np.round(weights / weights.sum() * scenario.examples)
            shared = symmetric(rng, scenario.of_units, scenario.groups)
            apart = symmetric(rng, scenario.of_units / 2, rows, scenario.groups)
            each = chance[:, :, None] + (shared + apart)[:, None, :]
            totals = rng.binomial(sizes.astype(int), each).astype(float)
        else:
            # Half of the examples are hard, and some harder for one row than for another.
            hard = rng.choice([-1.0, 1.0], scenario.examples) * scenario.of_units
            apart = rng.choice([-0.2, 0.2], (rows, scenario.examples)) * scenario.of_units
            right = rng.random((rows, seeds, scenario.examples)) < (
                chance[:, :, None] + (hard + apart)[:, None, :]
            )
            stored = min(scenario.examples, MOST_STORED)
            firsts = range(0, scenario.examples, stored)
            sizes = np.bincount(np.arange(scenario.examples) % stored).astype(float)
            totals = np.zeros((rows, seeds, stored))
            for first in firsts:
                block = right[:, :, first : first + stored]
                totals[:, :, : block.shape[2]] += block
        studies.append(Study(totals.sum(2) / sizes.sum(), totals / sizes, sizes))
    return studies


# A method of intervals: studies -> (low, high) of a cell, of a score and of a difference of scores;
# without the last two where no task counts.
Bounds = tuple[float, float]
Method = Callable[[list[Study]], dict[str, Bounds]]


def as_shipped(studies: list[Study]) -> dict[str, Bounds]:
    """The intervals of this repository's board."""
    from vmbench_leaderboard.statistics.sampling import Estimates, Sample, Term, quantile
    from vmbench_leaderboard.statistics.scores import LEAST_GAIN, Scaled, gain_error, score

    samples = [Sample(s.values, s.units, s.sizes / s.sizes.sum()) for s in studies]
    cells = Estimates([Term("domain", "task", samples[0], np.eye(len(WIDE)))])
    of_cell = cells.intervals(samples[0].means)[ONE]
    assert of_cell is not None
    found = {"cell": (of_cell.low, of_cell.high)}
    scaled = [
        Scaled("domain", f"task {place}", sample, [ONE, OTHER], FLOOR, CEILING)
        for place, sample in enumerate(samples)
    ]
    counted = [
        task for task in scaled
        if task.gain > LEAST_GAIN * (gain_error(task.sample, FLOOR, CEILING) or 0)
    ]  # fmt: skip
    if len(counted) < len(scaled):
        return found
    points, scored = score(counted)
    of_score = scored.intervals(points)[0]
    assert of_score is not None
    errors, degrees = scored.errors_of_differences()
    half = float(errors[0, 1] * quantile(degrees)[0, 1])
    middle = float(points[0] - points[1])
    return found | {
        "score": (of_score.low, of_score.high),
        "difference": (middle - half, middle + half),
    }


def as_of_92682d9(studies: list[Study]) -> dict[str, Bounds]:
    """Those of commit 92682d9: bootstraps over seeds alone, and yardsticks taken as exact.

    Its own code, which must be on the path in place of this repository's.
    """
    from scipy.stats import t
    from vmbench_leaderboard.statistics.aggregate import aggregate_interval, replicates
    from vmbench_leaderboard.statistics.bootstrap import mean_intervals

    of_cell = mean_intervals(studies[0].values[ONE][None])[0]
    normalised = []
    for study in studies:
        means = study.values.mean(1)
        normalised.append((study.values - means[FLOOR]) / (means[CEILING] - means[FLOOR]))
    strata = [np.stack([task[ONE] for task in normalised])]
    of_score = aggregate_interval(strata, replicates(strata, "row"))
    gaps = np.mean([task[ONE] - task[OTHER] for task in normalised], axis=0)
    half = t.ppf(0.975, len(gaps) - 1) * gaps.std(ddof=1) / len(gaps) ** 0.5
    return {
        "cell": (of_cell.low, of_cell.high),
        "score": (of_score.low, of_score.high),
        "difference of means": (gaps.mean() - half, gaps.mean() + half),
    }


def truth(scenario: Scenario) -> dict[str, float]:
    """What the intervals are about; the IQM of three values weighs the middle one with 2/3."""
    places = [
        [(level - floor) / (ceiling - floor) for level in (one, other)]
        for floor, ceiling, one, other in scenario.tasks
    ]
    columns = [sorted(column) for column in zip(*places, strict=True)]
    weights = {1: (1.0,), 3: (1 / 6, 2 / 3, 1 / 6)}[len(places)]
    one, other = (float(np.dot(weights, column)) for column in columns)
    return {
        "cell": scenario.tasks[0][ONE],
        "score": one,
        "difference": one - other,
        "difference of means": float(np.mean([place[0] - place[1] for place in places])),
    }


@dataclass
class Tally:
    """How many replicates had an interval, how many held the truth, and the widths' sum."""

    given: int = 0
    held: int = 0
    width: float = 0.0

    def __str__(self) -> str:
        if not self.given:
            return "none"
        return f"{100 * self.held / self.given:.1f}% ({self.width / self.given:.3f})"


def coverage(scenario: Scenario, seeds: int, replicates: int, method: Method) -> dict[str, Tally]:
    """The tally of each kind of interval."""
    rng = np.random.default_rng([seeds, SCENARIOS.index(scenario)])
    true = truth(scenario)
    tallies = {kind: Tally() for kind in true}
    for _ in range(replicates):
        for kind, (low, high) in method(simulate(scenario, seeds, rng)).items():
            tally = tallies[kind]
            tally.given += 1
            tally.held += low <= true[kind] <= high
            tally.width += high - low
    return tallies


def table(replicates: int, method: Method) -> Iterator[str]:
    """The lines of a Markdown table; a share of the replicates without a score is said."""
    yield "| scenario | seeds | cell | score | difference |"
    yield "|:--|--:|--:|--:|--:|"
    for scenario in SCENARIOS:
        for seeds in (5, 3):
            found = coverage(scenario, seeds, replicates, method)
            fields = " | ".join(str(tally) for tally in found.values() if tally.given)
            counted = found["score"].given / replicates
            rest = "" if counted == 1 else f" (counts in {100 * counted:.0f}%)"
            yield f"| {scenario.name}{rest} | {seeds} | {fields} |"


def main() -> None:
    """Print the table, line by line as it comes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--replicates", type=int, default=2000)
    parser.add_argument("--before", action="store_true", help="with commit 92682d9's statistics")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    lines = []
    for line in table(options.replicates, as_of_92682d9 if options.before else as_shipped):
        print(line, file=sys.stderr if options.out else sys.stdout, flush=True)
        lines.append(line)
    if options.out:
        options.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
