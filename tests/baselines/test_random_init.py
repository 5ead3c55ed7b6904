"""The two untrained floors: as built, and calibrated: the function that pretraining starts from."""

import numpy as np
import pytest
import torch
import toy
from planning import common
from torch import nn
from toy import ToyGrid, ToySequence, ToyVector

from vmbench.data.examples import prepare
from vmbench.errors import UserError
from vmbench.progress import Progress
from vmbench.runs.plan import plan_on
from vmbench.runs.representations import Representations
from vmbench.runs.request import RunRequest
from vmbench.training.device import Placement
from vmbench.training.trainer import Trainer
from vmbench_baselines.random_init import RandomInit, RandomInitCalibrated

DATASETS = [ToyGrid, ToySequence, ToyVector]
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)


class Wide(ToyGrid):
    """Enough examples for batch statistics to be those of the training distribution."""

    name = "wide"
    count = 3000


class Of:
    """What a floor is read on."""

    def __init__(self, dataset, tmp_path, **settings):
        self.examples = prepare(dataset().bind())
        self.indices = self.examples.training()
        config = common("small", **{"batch_size": 60, **settings})
        placement = Placement(torch.device("cpu"), None)
        self.trainer = Trainer(config, placement, 3, Progress(quiet=False))
        self.folder, self.read = tmp_path, {}

    def new_encoder(self):
        return self.trainer.new_encoder(self.examples, self.indices)


session = Of


def floor(method, of):
    dataset, asked = of.examples.dataset, of.trainer.config.changed()
    request = RunRequest(domain="toy", method=method.name, seed=3, settings=asked)
    plan = plan_on(request, toy.Toy(), method(), dataset)
    read = of.read.setdefault(method, Representations(plan, of.trainer, of.examples, of.folder))
    return read.of(of.examples, dataset.tasks[0])


@pytest.mark.parametrize("dataset", DATASETS)
def test_as_built_the_batch_norms_are_identities(dataset, tmp_path):
    built = floor(RandomInit, session(dataset, tmp_path))
    norms = [m for m in built.encoder.modules() if isinstance(m, NORMS)]
    assert norms
    for norm in norms:
        x = torch.randn(8, norm.num_features, *[3] * (isinstance(norm, nn.BatchNorm2d) * 2))
        torch.testing.assert_close(norm(x), x, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("dataset", DATASETS)
def test_both_have_the_same_weights_and_only_the_statistics_differ(dataset, tmp_path):
    of = session(dataset, tmp_path)
    built = floor(RandomInit, of).encoder
    calibrated = floor(RandomInitCalibrated, of).encoder
    parameters = dict(built.named_parameters())
    assert all(torch.equal(parameters[n], p) for n, p in calibrated.named_parameters())
    start = of.new_encoder().state_dict()
    differing = {n for n, v in calibrated.state_dict().items() if not torch.equal(v, start[n])}
    assert differing
    assert all(n.rpartition(".")[2] in ("running_mean", "running_var", "num_batches_tracked")
               for n in differing)  # fmt: skip
    assert not calibrated.training


def test_calibrated_features_are_those_of_the_network_in_training_mode(tmp_path):
    of = session(Wide, tmp_path, batch_size=300)
    calibrated = floor(RandomInitCalibrated, of).encoder
    x = of.examples.batch(of.indices)
    with torch.no_grad():
        evaluated = calibrated.pooled(x)
        in_training = of.new_encoder().train().pooled(x)
        as_built = of.new_encoder().eval().pooled(x)
    scale = in_training.std()
    assert (evaluated - in_training).abs().mean() < 0.05 * scale
    assert (as_built - in_training).abs().mean() > 0.5 * scale


def test_statistics_are_the_plain_average_over_one_pass(tmp_path):
    """Of the first norm, whose input no other norm touches: by hand."""
    of = session(ToyVector, tmp_path)
    calibrated = floor(RandomInitCalibrated, of).encoder
    fresh = of.new_encoder()
    inputs, norm = [], next(m for m in fresh.modules() if isinstance(m, NORMS))
    norm.register_forward_hook(lambda _, args, out: inputs.append(args[0].clone()))
    order = np.random.default_rng([3, 0]).permutation(180)  # as the first epoch's
    with torch.no_grad():
        for batch in np.split(order, 3):
            fresh.train().pooled(of.examples.batch(of.indices[batch]))
    found = next(m for m in calibrated.modules() if isinstance(m, NORMS))
    torch.testing.assert_close(found.running_mean, torch.stack([x.mean(0) for x in inputs]).mean(0))
    torch.testing.assert_close(found.running_var, torch.stack([x.var(0) for x in inputs]).mean(0))
    assert found.num_batches_tracked == 3
    assert found.momentum == norm.momentum


def test_it_is_calibrated_once_for_all_tasks_and_repeats(tmp_path):
    of = session(ToyVector, tmp_path)
    first = floor(RandomInitCalibrated, of)
    assert floor(RandomInitCalibrated, of) is first
    x = of.examples.batch(of.indices[:50])
    again = floor(RandomInitCalibrated, session(ToyVector, tmp_path))
    assert torch.equal(first.features(x), again.features(x))


def test_an_encoder_without_batch_norm_says_that_it_is_random_init(tmp_path, monkeypatch, capsys):
    of = session(ToyVector, tmp_path)

    original = Trainer.new_encoder

    def bare(self, *arguments):
        encoder = original(self, *arguments)
        for module in encoder.modules():
            for name, child in module.named_children():
                if isinstance(child, NORMS):
                    setattr(module, name, nn.Identity())
        return encoder

    monkeypatch.setattr(Trainer, "new_encoder", bare)
    torch.manual_seed(0)
    found = floor(RandomInitCalibrated, of)
    assert "the encoder has no batch norm: the features are those of random-init" in (
        capsys.readouterr().err
    )
    x = of.examples.batch(of.indices[:50])
    assert torch.equal(found.features(x), floor(RandomInit, of).features(x))


def test_too_few_examples_for_a_batch_are_one_line(tmp_path):
    with pytest.raises(UserError, match="fewer than a batch of 200"):
        floor(RandomInitCalibrated, session(ToyVector, tmp_path, batch_size=200))
