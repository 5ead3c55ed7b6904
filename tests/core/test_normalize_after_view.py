"""``normalize_after_view``: views act on the data as it is, the encoder on standardised data."""

import numpy as np
import pytest
import torch
import toy
from planning import make_plan
from safetensors.torch import load_file

import vmbench
from vmbench.data.examples import prepare
from vmbench.data.specs import Grid
from vmbench.errors import UserError
from vmbench.networks import Encoder, build_encoder
from vmbench.progress import Progress
from vmbench.registry import registry
from vmbench.runs.representations import Representations
from vmbench.runs.request import RunRequest
from vmbench.training.device import place
from vmbench.training.trainer import Trainer

RUN = {"batch_size": 32, "normalize_after_view": True}


class ToyPixels(toy.ToyGrid):
    """Two channels in 0..1 with their own brightness and contrast, and one that never changes."""

    name = "toy-pixels"
    spec = Grid(3, 12, 10)
    value_range = (0.0, 1.0)

    def examples(self):
        for example in super().examples():
            scale, shift = np.array([[0.05, 0.02, 0], [0.3, 0.7, 0.5]], np.float32)[
                :, :, None, None
            ]
            yield toy.Example(
                (scale * example.x + shift).clip(0, 1), example.labels, example.splits
            )


@pytest.fixture(autouse=True)
def _known(monkeypatch):
    monkeypatch.setattr(toy.Toy, "datasets", {**toy.Toy.datasets, "toy-pixels": ToyPixels})


def untrained(examples, tmp_path, **settings):
    """The features of an encoder as it is built."""
    asked = {**RUN, "precision": "float32", **settings}
    request = RunRequest(
        domain="toy", method="random-init", preset="smoke", pretrain="toy-pixels", settings=asked
    )
    plan = request.resolve()
    trainer = Trainer(
        plan.config,
        place(plan.config, examples.spec),
        0,
        Progress(quiet=True),
        architecture=plan.architecture,
    )
    return Representations(plan, trainer, examples, tmp_path).of(examples, ToyPixels.tasks[0])


def by_hand(examples, x):
    train = examples.batch(examples.training()).double()
    mean, sd = train.mean((0, 2, 3)), train.std((0, 2, 3), correction=0)
    sd[2] = 1
    return ((x.double() - mean[:, None, None]) / sd[:, None, None]).float()


def test_the_readout_equals_that_of_inputs_standardised_by_hand(tmp_path):
    examples = prepare(ToyPixels().bind())
    x = examples.batch(examples.training()[:50])
    found = untrained(examples, tmp_path)
    plain = untrained(examples, tmp_path, normalize_after_view=False)
    expected = plain.features(by_hand(examples, x))
    tolerance = 1e-4 * expected.abs().max().item()
    torch.testing.assert_close(found.features(x), expected, rtol=1e-3, atol=tolerance)
    raw = plain.features(x)
    assert (found.features(x) - raw).abs().max() > 100 * tolerance
    assert not list(plain.encoder.inputs.state_dict())  # as it was without the setting


@pytest.mark.parametrize("method", ["viewmaker", "emix", "mae", "supervised"])
def test_pretraining_feeds_standardised_inputs_and_its_views_stay_in_range(
    tmp_path, monkeypatch, method
):
    """Of every kind of method, by what reaches the first convolution."""
    reached, standardised = [], []
    original = registry("encoder").load_class("resnet18").embed

    def embed(self, x):
        standardised.append(x.detach())
        return original(self, x)

    monkeypatch.setattr(registry("encoder").load_class("resnet18"), "embed", embed)
    forward = vmbench.networks.encoder.Standardise.forward
    monkeypatch.setattr(
        vmbench.networks.encoder.Standardise,
        "forward",
        lambda self, x: (reached.append(x.detach()), forward(self, x))[1],
    )
    result = vmbench.run(
        "toy", method, preset="smoke", pretrain="toy-pixels", settings=RUN, out=tmp_path
    )
    assert len(reached) == len(standardised) > 10
    examples = prepare(ToyPixels().bind())
    for x, z in zip(reached, standardised, strict=True):
        torch.testing.assert_close(z, by_hand(examples, x), rtol=1e-3, atol=1e-3)
        if method != "mae":  # whose mask has a learned value
            assert 0 <= x.min() <= x.max() <= 1
    (weights,) = (tmp_path / result.run_id / "checkpoints").glob("*.encoder.safetensors")
    train = examples.batch(examples.training())
    saved = load_file(weights)
    torch.testing.assert_close(saved["inputs.mean"].flatten(), train.mean((0, 2, 3)))
    sd = train.std((0, 2, 3), correction=0)
    sd[2] = 1
    torch.testing.assert_close(saved["inputs.sd"].flatten(), sd, rtol=1e-4, atol=0)


def test_data_that_is_normalised_before_the_view_is_not_normalised_twice():
    with pytest.raises(UserError, match="dataset 'toy-vector' is normalised before the view"):
        make_plan("toy", "viewmaker", "simclr", "smoke", 0, "toy-vector", (), RUN)


def test_an_encoder_that_takes_its_inputs_as_they_are_is_refused():
    class Own(Encoder):
        def maps(self, x):
            return x

    with pytest.raises(UserError, match="overrides maps"):
        Own(3, None).standardise(torch.zeros(3), torch.ones(3))


def test_each_feature_of_a_row_has_its_own():
    examples = prepare(toy.ToyVector().bind())
    x = examples.batch(examples.training()).double()
    mean, sd = examples.moments(examples.training())
    torch.testing.assert_close(mean.double(), x.mean(0), rtol=0, atol=1e-6)
    torch.testing.assert_close(sd.double(), x.std(0, correction=0), rtol=1e-6, atol=0)


def test_paper_normalises_images_after_the_view_and_reads_maps_before_pooling():
    plans = {
        domain: make_plan(domain, "viewmaker", "simclr", "paper", 0, None, (), {})
        for domain in ("image", "audio", "sensor")
    }
    assert [p.config.normalize_after_view for p in plans.values()] == [True, False, False]
    # 4 x 4 x 512 of a CIFAR stem at 32, 2 x 2 x 512 of an ImageNet stem at 64, and pooled.
    for domain, spec, size in (
        ("image", Grid(3, 32, 32), 4 * 4 * 512),
        ("audio", Grid(1, 64, 64), 2 * 2 * 512),
        ("sensor", Grid(52, 32, 32), 512),
    ):
        encoder = build_encoder(spec, plans[domain].architecture).eval()
        x = torch.randn(1, *spec.shape)
        features = encoder.features(x, plans[domain].config.feature_bins)
        assert features.shape == (1, size)
        if domain != "sensor":  # nothing is averaged away
            assert torch.equal(features, encoder.maps(x).flatten(1))
