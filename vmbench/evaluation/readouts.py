"""Which readout a task is judged on: the one asked for, or the one that val chooses.

With ``readout=auto`` every candidate (:func:`vmbench.networks.readout.candidates`) is screened on
train and val. The best of the input's, the best of the encoder's stages, and these two joined are
finalists: each gets the evaluation's own search, and val chooses among the three
(:func:`headline`). Test is encoded after that, and at these alone.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Generic, Protocol, Self, TypeVar

from vmbench.data.dataset import Split
from vmbench.data.examples import Indices
from vmbench.data.labels import Labels
from vmbench.evaluation.base import Problem
from vmbench.evaluation.linear_models import Features, Judgement
from vmbench.evaluation.metrics import Predictions
from vmbench.evaluation.newton import GAP
from vmbench.evaluation.probe import PenaltySearch, ProbeSettings, within_one_error
from vmbench.networks.readout import DEFAULT, INPUT, Readout, candidates, parse_readout, resolve
from vmbench.results import ReadoutRecord, ReadoutRole

LEARNED: tuple[Split, ...] = ("train", "val")

# How near to the least the mean loss of a fit is that only helps to choose among many.
ROUGH = 1e-5
ROLES: tuple[ReadoutRole, ...] = ("input", "stage")

Chosen = Mapping[str, float | int | str]


class Found(Protocol):
    """What a search found for the features of one readout."""

    @property
    def judgement(self) -> Judgement:
        """On val."""

    @property
    def chosen(self) -> Chosen:
        """What val chose, by name."""


F = TypeVar("F", bound=Found)
G = TypeVar("G", bound=Found)
Search = Callable[[Mapping[Split, Features]], F]


@dataclass(frozen=True)
class Trial(Generic[F]):
    """A readout, how many features it has, and what a search found for them."""

    role: ReadoutRole
    readout: Readout
    width: int
    found: F

    @property
    def record(self) -> ReadoutRecord:
        """As the result shows it."""
        return ReadoutRecord(
            role=self.role,
            readout=str(self.readout),
            features=self.width,
            chosen=dict(self.found.chosen),
            val_value=self.found.judgement.value,
        )


@dataclass(frozen=True)
class Choice(Generic[F]):
    """What val chose.

    Attributes:
        finalists: the best of the input, of the encoder's stages, and both joined, as far as there
            are any; or the one readout that was asked for.
        best: of the finalists: the headline.
        tried: the value on val of every single candidate; nothing where one was asked for.
    """

    finalists: list[Trial[F]]
    best: Trial[F]
    tried: Mapping[str, float]

    @property
    def chosen(self) -> dict[str, float | int | str]:
        """For the result: the search's choice, and the readout unless it is the default."""
        found = dict(self.best.found.chosen)
        if self.best.readout == DEFAULT:
            return found
        *_, last = self.best.readout.sources
        joined = len(self.best.readout.sources) > 1
        found |= {"readout": str(self.best.readout), "stage": last.stage, "joined": int(joined)}
        return found if last.bins is None else {**found, "bins": last.bins}

    @property
    def place(self) -> int:
        """Of the best among the finalists."""
        return next(i for i, trial in enumerate(self.finalists) if trial is self.best)

    @property
    def readouts(self) -> list[Readout]:
        """Of the finalists."""
        return [trial.readout for trial in self.finalists]

    def beside(self, problem: Problem, on_test: Sequence[Predictions]) -> dict[str, float]:
        """Test value of each finalist, where val chose: of the input, the stage and both joined."""
        if not self.tried:
            return {}
        return {
            f"{problem.headline}_{trial.role}": problem.metrics(predictions)[problem.headline]
            for trial, predictions in zip(self.finalists, on_test, strict=True)
        }

    @property
    def records(self) -> list[ReadoutRecord]:
        """For the result: the finalists, where val chose."""
        return [trial.record for trial in self.finalists] if self.tried else []


class Reading:
    """Train and val of a task (or some of them), read at every readout in question in one pass.

    Args:
        problem: the task and the representation.
        indices: positions in the examples of train and val.
        alone: changes the features of each source before they are joined with others.

    Raises:
        UserError: the representation has no such stage.
    """

    def __init__(
        self,
        problem: Problem,
        indices: Mapping[Split, Indices],
        alone: Callable[[Features], Features] | None = None,
    ) -> None:
        asked = parse_readout(problem.config.readout)
        self.single = asked is not None
        if asked is None:
            self.readouts = candidates(problem.stage_sizes())
        elif asked == DEFAULT:
            self.readouts = [DEFAULT]
        else:
            bins = problem.config.feature_bins
            self.readouts = [resolve(asked, problem.stage_sizes(), bins)]
        self.problem, self.alone = problem, alone
        self._open = ExitStack()
        with ExitStack() as failing:
            self.stores = {
                split: failing.enter_context(problem.reading(indices[split], self.readouts))
                for split in LEARNED
            }
            self._open = failing.pop_all()

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Free the disk."""
        self._open.close()

    def penalty_search(
        self, labels: Mapping[Split, Labels], settings: ProbeSettings
    ) -> PenaltySearch:
        """The linear probe's search, by its settings; rough among many readouts."""
        return PenaltySearch(
            labels,
            settings.penalties,
            settings.max_iter,
            self.problem.task.kind,
            GAP if self.single else ROUGH,
        )

    def features(
        self, readout: Readout, rows: Mapping[Split, Indices] | None = None
    ) -> dict[Split, Features]:
        """Features of train and val, or of their ``rows``."""
        found = {split: self.stores[split].read(readout, self.alone) for split in LEARNED}
        return found if rows is None else {split: found[split][rows[split]] for split in LEARNED}

    def choose(
        self,
        search: "Search[F]",
        screen: "Search[Found] | None" = None,
        rows: Mapping[Split, Indices] | None = None,
    ) -> Choice[F]:
        """Screen every readout and search at the finalists, on train and val or their ``rows``.

        Args:
            search: finds the settings for some features, and what val says of them.
            screen: the same, in less time; by default ``search``.
            rows: positions in train and val.
        """

        def attempt(role: ReadoutRole, readout: Readout, look: "Search[G]") -> Trial[G]:
            features = self.features(readout, rows)
            return Trial(role, readout, features["train"].shape[1], look(features))

        if self.single:
            only = attempt("asked", self.readouts[0], search)
            return Choice([only], only, {})
        tried = [attempt(_role(each), each, screen or search) for each in self.readouts]
        singles = [
            attempt(role, best_of(group).readout, search)
            for role in ROLES
            if (group := [trial for trial in tried if trial.role == role])
        ]
        joined = []
        if len(singles) == len(ROLES):
            both = singles[0].readout + singles[1].readout
            joined = [attempt("joined", both, search)]
        values = {str(trial.readout): trial.found.judgement.value for trial in tried}
        return Choice(singles + joined, headline(singles, joined), values)


def _role(readout: Readout) -> ReadoutRole:
    return "input" if readout.sources[0].stage == INPUT else "stage"


def best_of(trials: Sequence[Trial[F]]) -> Trial[F]:
    """The best on val: by value, equals by loss, and the first of what is equal in both."""
    return max(trials, key=lambda t: (t.found.judgement.value, -t.found.judgement.losses.mean()))


def headline(singles: Sequence[Trial[F]], joined: Sequence[Trial[F]]) -> Trial[F]:
    """The better one alone, unless val tells that both joined are better still.

    More than one standard error of the paired difference tells it, as for a weaker penalty
    (:func:`vmbench.evaluation.probe.choose`): two readouts are more to carry than one.
    """
    alone = best_of(singles)
    for both in joined:
        gain = both.found.judgement.contributions - alone.found.judgement.contributions
        if not within_one_error(gain):
            return both
    return alone
