"""Each fault of an objective, an encoder or an evaluation is found by its clause."""

import numpy as np
import pytest
import torch
from pydantic import Field
from torch import nn

from vmbench.evaluation import Evaluation, Score
from vmbench.networks.encoder import Encoder, HeadSettings
from vmbench.networks.mlp import MLP
from vmbench.objectives import ContrastiveObjective
from vmbench.settings import Settings
from vmbench.testing import checks_of
from vmbench.testing.report import perform

SLOW = {"represent"}


def failing(component):
    _, checks = checks_of(component)
    outcomes = [perform(c, None) for c in checks if c.clause not in SLOW]
    return {o.check.clause: o.reason for o in outcomes if o.status == "failed"}


class Pull(ContrastiveObjective):
    """Sound."""

    name = "pull"
    specs = ("vector",)

    def loss(self, z1, z2):
        return (z1 - z2).square().mean()


class Blind(Pull):
    def forward(self, batch, make_views):
        return super().forward(batch, lambda x, count=None: [v.detach() for v in make_views(x)])


class NotScalar(Pull):
    def loss(self, z1, z2):
        return (z1 - z2).square().mean(1)


class Unstable(Pull):
    def loss(self, z1, z2):
        return (z1 - z1).sum() / (z2 - z2).sum()


class TwoAlone(Pull):
    def forward(self, batch, make_views):
        one, two = make_views(batch.x)
        return self.loss(self.project(one), self.project(two))


class GlobalDraw(Pull):
    def loss(self, z1, z2):
        return super().loss(z1, z2) * torch.rand(())


class Forgets(Pull):
    last = None

    def loss(self, z1, z2):
        drift = 0 if self.last is None else (z1 - self.last).square().mean()
        return super().loss(z1, z2) + drift

    def after_step(self, batch):
        self.last = self.project(batch.x).detach()


class NoSentence(Pull):
    class settings_class(HeadSettings):  # noqa: N801 - as the attribute is called
        weight: float = 1.0


class FormerPreset(Pull):
    presets = {"smoke": {"temprature": 1.0}}


@pytest.mark.parametrize(("objective", "clauses", "reason"), [
    (Pull, set(), ""),
    (Blind, {"adversary"}, "no gradient in any view"),
    (NotScalar, {"loss", "adversary", "several", "seeded", "resumed"}, "no finite scalar"),
    (Unstable, {"loss", "several", "seeded", "resumed"}, "no finite scalar"),
    (TwoAlone, {"several"}, "too many values to unpack"),
    (GlobalDraw, {"seeded", "resumed"}, "batch.generator alone"),
    (Forgets, {"resumed"}, "keep in buffers what a step leaves"),
    (NoSentence, {"identity"}, "setting weight lacks a default or a description"),
    (FormerPreset, {"identity"}, "pull.temprature"),
    (type("Bad", (Pull,), {"name": "Bad"}), {"identity"}, "use lower-case letters"),
    (type("Odd", (Pull,), {"kind": "odd"}), {"identity"}, "kind = 'odd'; use one of"),
    (type("All", (Pull,), {"specs": ("vector", "graph")}), {"identity"}, "state some of grid"),
    (type("Taken", (Pull,), {"name": "viewmaker"}), {"identity"}, "method 'viewmaker' of vmbench"),
])  # fmt: skip
def test_a_fault_of_an_objective(objective, clauses, reason):
    found = failing(objective)
    assert found.keys() == clauses, found
    assert any(reason in text for text in found.values()) or not clauses, found


class Rows(MLP):
    """Sound."""

    name = "rows"
    specs = ("vector",)


class WrongDim(Rows):
    def __init__(self, spec, **settings):
        super().__init__(spec, **settings)
        self.dim += 1


class OwnSeed(Rows):
    def __init__(self, spec, **settings):
        super().__init__(spec, **settings)
        self.first.weight.data = torch.from_numpy(
            np.random.default_rng().standard_normal(self.first.weight.shape, dtype=np.float32)
        )


class SeesTheBatch(Rows):
    def trunk(self, embedded):
        return super().trunk(embedded - embedded.mean(0))


class Unused(Rows):
    def __init__(self, spec, **settings):
        super().__init__(spec, **settings)
        self.spare = nn.Linear(2, 2)


class NoWayBack(Rows):
    def embed(self, x):
        return super().embed(x.detach())


class Hidden(Rows):
    def __init__(self, spec, **settings):
        super().__init__(spec, **settings)
        self.scale = float(torch.rand(()))

    def embed(self, x):
        return super().embed(x * self.scale)


class Unstandardised(Rows):
    def standardise(self, mean, sd):
        pass


class OneNameMore(Rows):
    class settings_class(Settings):  # noqa: N801 - as the attribute is called
        breadth: int = Field(4, description="No argument of the constructor.")


EVERY = {"shapes", "seeded", "per-example", "gradient", "weights", "standardised"}


@pytest.mark.parametrize(("encoder", "clauses", "reason"), [
    (Rows, set(), ""),
    (WrongDim, {"shapes"}, "maps (6, 65)"),
    (OwnSeed, {"seeded"}, "different weights"),
    (SeesTheBatch, {"per-example"}, "depend on the rest of its batch"),
    (Unused, {"gradient"}, "spare.weight, spare.bias"),
    (NoWayBack, {"gradient"}, "no gradient in the input"),
    (Hidden, {"weights"}, "keep all state in them"),
    (Unstandardised, {"standardised"}, "keep self.inputs"),
    (OneNameMore, EVERY, "unexpected keyword argument 'breadth'"),
])  # fmt: skip
def test_a_fault_of_an_encoder(encoder, clauses, reason):
    assert issubclass(encoder, Encoder)
    found = failing(encoder)
    assert found.keys() == clauses, found
    assert any(reason in text for text in found.values()) or not clauses, found


class Neighbour(Evaluation):
    """Sound: the nearest neighbour alone."""

    name = "neighbour"
    k = 1

    def score(self, problem):
        features, labels = problem.split_features(), problem.split_labels()
        predict = problem.scoring.neighbours
        known = features["train"], labels["train"]
        (on_val,) = predict(*known, features["val"], [(self.k, 0.07)])
        (on_test,) = predict(*known, features["test"], [(self.k, 0.07)])
        return self.finish(problem, on_val, on_test)

    def finish(self, problem, on_val, on_test):
        return Score(
            problem.metrics(on_test), problem.value(on_val, "val"), problem.contributions(on_test)
        )


class Peeks(Neighbour):
    def finish(self, problem, on_val, on_test):
        score = super().finish(problem, on_val, on_test)
        return Score(score.metrics, problem.value(on_test, "test"), score.contributions)


class OthersContributions(Neighbour):
    def finish(self, problem, on_val, on_test):
        score = super().finish(problem, on_val, on_test)
        return Score(score.metrics, score.val_value, score.contributions + 0.5)


class NoHeadline(Neighbour):
    def finish(self, problem, on_val, on_test):
        score = super().finish(problem, on_val, on_test)
        return Score({"luck": 1.0}, score.val_value, score.contributions)


class Drawn(Neighbour):
    def finish(self, problem, on_val, on_test):
        score = super().finish(problem, on_val, on_test)
        return Score(score.metrics, float(np.random.random()), score.contributions)


class Trains(Neighbour):
    def score(self, problem):
        with torch.no_grad():
            for parameter in problem.encoder.parameters():
                parameter.mul_(0.5)
        return super().score(problem)


class Ignores(Neighbour):
    def finish(self, problem, on_val, on_test):
        return super().finish(problem, on_val, np.zeros_like(on_test))


# Checked on the task of classes; the built-in ones are on all kinds.
@pytest.mark.parametrize(("evaluation", "clauses", "reason"), [
    (Neighbour, set(), ""),
    (Peeks, {"chosen-unseen"}, "other labels of test change"),
    (OthersContributions, {"score", "seeded", "informed"}, "the mean of contributions is"),
    (NoHeadline, {"score", "seeded", "informed"}, "and not its headline accuracy"),
    (Drawn, {"seeded", "chosen-unseen"}, "draw from seeds of its own"),
    (Trains, {"untouched"}, "copy it"),
    (Ignores, {"informed"}, "features that are the label get"),
])  # fmt: skip
def test_a_fault_of_an_evaluation(evaluation, clauses, reason):
    _, checks = checks_of(evaluation)
    ours = [c for c in checks if c.subject in ("", "multiclass")]
    outcomes = [perform(check, None) for check in ours]
    found = {o.check.clause: o.reason for o in outcomes if o.status == "failed"}
    assert found.keys() == clauses, found
    assert any(reason in text for text in found.values()) or not clauses, found
