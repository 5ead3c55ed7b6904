"""Smoke runs through the command line, and a look at what they trained."""

import json
from dataclasses import dataclass, field, replace
from itertools import islice

import pytest
import torch
from safetensors.torch import load_file

from vmbench.cli import invoke
from vmbench.evaluation import limit
from vmbench.pretrained.document import VIEWS
from vmbench.runs.representations import Representations, recipe_of
from vmbench.views.method import Representation
from vmbench_domains.audio import AudioDomain
from vmbench_domains.audio.spoken_digits import SpokenDigitsWaveform

# Enough for two steps and a probe: what is tested is that everything fits together.
TINY = {"max_examples": 64, "batch_size": 32, "epochs": 1, "stem": "strided"}


class TwoVoices(SpokenDigitsWaveform):
    """The first two of 80 voices: making and reading all takes longer than every other run."""

    tasks = SpokenDigitsWaveform.tasks[1:]  # which voice; the other task holds voices out

    def utterances(self):
        return islice(super().utterances(), 240)

    def examples(self):
        (task,) = self.tasks
        for each in super().examples():
            labels, splits = ({task.name: of[task.name]} for of in (each.labels, each.splits))
            yield replace(each, labels=labels, splits=splits)


@dataclass
class Inside:
    """What the runs of a test handed to their evaluation."""

    read: Representations | None = None
    representations: list[Representation] = field(default_factory=list)

    @property
    def x(self):
        """Training examples (64, *spec.shape), as the encoder saw them."""
        examples = self.read.examples
        return examples.batch(limit(examples.training(), self.read.plan.config.max_examples))

    def features(self):
        """Features (64, D) of the last task's representation."""
        return self.representations[-1].features(self.x)

    def views(self, seed=0):
        """One view of each training example."""
        with torch.no_grad():
            return self.family()(self.x, torch.Generator().manual_seed(seed))

    def family(self):
        """What makes the views of the pretraining, as it was trained."""
        (trained,) = self.read.trained.values()
        recipe = recipe_of(self.read.plan)
        family = recipe.views(self.read.trainer, self.read.examples)
        if family.role != "fixed":
            family.load_state_dict(load_file(trained.folder / VIEWS))
        return family.eval()


@pytest.fixture
def inside(monkeypatch):
    of, found = Representations.of, Inside()

    def of_and_keep(self, examples, task):
        found.read = self
        found.representations.append(of(self, examples, task))
        return found.representations[-1]

    monkeypatch.setattr(Representations, "of", of_and_keep)
    return found


@pytest.fixture
def _without_pictures(monkeypatch):
    """As without matplotlib: most of the seconds of so small a run would go into its picture."""
    monkeypatch.setattr("vmbench.runs.artifact.find_spec", lambda _: None)


@pytest.fixture
def _two_voices(monkeypatch):
    monkeypatch.setitem(AudioDomain.datasets, "spoken-digits-waveform", TwoVoices)


@pytest.fixture
def run(capsys, tmp_path):
    """A function from the options of ``vmbench run`` to its result, read from its stdout."""

    def run_(*options, tiny=True, **settings):
        sizes = TINY if tiny else {}
        assignments = [f"{key}={value}" for key, value in {**sizes, **settings}.items()]
        arguments = ["run", "--preset", "smoke", "--quiet", "--json", "--out", str(tmp_path)]
        pairs = [word for each in assignments for word in ("--set", each)]
        code = invoke([*arguments, *options, *pairs])
        captured = capsys.readouterr()
        assert (code, captured.err) == (0, ""), captured.err
        return json.loads(captured.out)

    return run_
