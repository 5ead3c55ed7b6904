"""A masked bin of a speech spectrogram holds what the transform makes of no power."""

import numpy as np
import pytest
import torch

from vmbench.data.examples import prepare
from vmbench.registry import registry
from vmbench.views.base import ViewContext
from vmbench_domains.audio.fsdd import FSDD
from vmbench_domains.audio.logmel import LogMel
from vmbench_domains.audio.spoken_digits import SpokenDigits, SpokenDigitsWaveform


@pytest.fixture(scope="module")
def examples(tmp_path_factory):
    dataset, folder = FSDD(), tmp_path_factory.mktemp("fsdd")
    dataset.write_sample(folder)
    dataset = dataset.bind(folder)
    return prepare(dataset)


def views(examples, silence):
    reference = examples.batch(examples.training())
    context = ViewContext(examples.spec, None, reference, silence=silence)
    return registry("method").get("spectral").views(context)


def test_masks_are_silence_in_the_power_domain(examples):
    """Masked before decibels, floor and normalisation, by hand; loud clips and quiet ones."""
    clips = torch.randn(16, 16_000, generator=torch.Generator().manual_seed(0))
    clips *= torch.logspace(0, -5, 16)[:, None]
    mean, sd = examples.mean.item(), examples.std.item()
    assert (mean, sd) != (0, 1)
    power = 10 ** (LogMel(top_db=500)(clips).double().numpy() / 10)
    x = ((LogMel()(clips) - mean) / sd)[:, None]
    found = views(examples, examples.silence)(x, torch.Generator().manual_seed(1))[:, 0].numpy()
    marked = views(examples, None)(torch.ones_like(x), torch.Generator().manual_seed(1))
    masked = marked[:, 0].numpy() == 0
    assert 0.1 < masked.mean() < 0.8

    decibels = 10 * np.log10(np.maximum(np.where(masked, 0, power), 1e-10))
    loudest = decibels.max((1, 2), keepdims=True)
    assert loudest.min() < -20 < 20 < loudest.max()  # both floors are met
    expected = (np.maximum(decibels, loudest - 80) - mean) / sd
    np.testing.assert_allclose(found[masked], expected[masked], atol=1e-4)
    assert np.array_equal(found[~masked], x[:, 0].numpy()[~masked])


def test_every_spectrogram_of_speech_says_what_silence_is_and_no_other_dataset_does():
    domain = registry("domain").get("audio")
    silent = {name for name in domain.datasets if domain.dataset(name).silence is not None}
    assert silent == set(domain.datasets) - {"spoken-digits-waveform"}
    assert SpokenDigits.silence.level == pytest.approx(LogMel()(torch.zeros(1, 16_000)).max())
    assert SpokenDigitsWaveform.silence is None
    for name in ("sensor", "image", "medical"):
        other = registry("domain").get(name)
        assert all(other.dataset(each).silence is None for each in other.datasets)
