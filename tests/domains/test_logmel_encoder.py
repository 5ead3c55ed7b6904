"""The encoder that makes its own spectrograms."""

import numpy as np
import pytest
import torch
from planning import make_plan, new_encoder

from vmbench.data.specs import Grid, Sequence
from vmbench.errors import UserError
from vmbench.networks import ResNet18
from vmbench_baselines.mae import MaskedReconstruction
from vmbench_domains.audio.encoder import MEAN_DB, SD_DB
from vmbench_domains.audio.logmel import LogMel, mel_filterbank


def build_encoder(spec):
    return new_encoder(spec, "logmel-resnet18")


def test_it_is_a_resnet_on_the_standardised_spectrograms_of_every_channel():
    torch.manual_seed(0)
    encoder = build_encoder(Sequence(2, 4000)).eval()
    x = torch.randn(3, 2, 4000)
    resnet = ResNet18(Grid(2, 64, 16), width=4, embedding_dim=None).eval()
    resnet.load_state_dict(encoder.state_dict())
    by_hand = torch.stack([(LogMel()(x[:, c]) - MEAN_DB) / SD_DB for c in range(2)], dim=1)
    torch.testing.assert_close(encoder.maps(x), resnet.maps(by_hand))
    torch.testing.assert_close(encoder.trunk(encoder.embed(x)), encoder.maps(x))


def test_spectrograms_are_float32_under_autocast_and_pass_gradients():
    encoder = build_encoder(Sequence(1, 2000))
    x = torch.randn(2, 1, 2000, requires_grad=True)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        spectrograms = encoder.spectrograms(x)
    assert spectrograms.dtype == torch.float32
    torch.testing.assert_close(spectrograms, encoder.spectrograms(x))
    encoder(x).square().sum().backward()
    assert x.grad.isfinite().all()
    assert x.grad.abs().amax(2).min() > 0


def test_white_noise_of_unit_sd_lies_where_its_expected_power_says():
    """White noise has power sum(w^2) in every bin; its mean decibels lie below those of its mean.

    By at most 10 log10(e^gamma) = 2.51 dB, the bias of the logarithm of a single bin (whose power
    is exponentially distributed); a filter over many bins has less.
    """
    encoder = build_encoder(Sequence(1, 16_000))
    noise = torch.randn(4, 1, 16_000, generator=torch.Generator().manual_seed(0))
    spectrograms = encoder.spectrograms(noise)
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(1024) / 1024)
    filters = mel_filterbank(16_000, 1024, 64).sum(1).numpy()
    power = 10 * np.log10((hann**2).sum() * filters).mean()
    upper = (power - MEAN_DB) / SD_DB
    assert upper - 2.51 / SD_DB < spectrograms.mean() < upper


def test_masked_modelling_of_waveforms_decodes_spectrogram_maps():
    from vmbench.objectives import Batch

    objective = MaskedReconstruction(
        build_encoder(Sequence(1, 4000)), MaskedReconstruction.declared()(), 10
    )
    loss = objective(
        Batch(torch.randn(4, 1, 4000), torch.arange(4)), lambda x, count=2: count * [x]
    )
    loss.backward()
    assert objective.encoder.conv1.weight.grad.abs().max() > 0


def test_it_wants_a_whole_transform():
    with pytest.raises(UserError, match="1024 samples or more"):
        build_encoder(Sequence(1, 1000))


def test_auto_means_it_on_the_waveforms_and_only_there():
    def plan(dataset, **settings):
        return make_plan("audio", "handcrafted", "simclr", "smoke", 0, dataset, (), settings)

    waveforms = plan("spoken-digits-waveform")
    assert waveforms.config.encoder == "logmel-resnet18"
    assert waveforms.method.name == "waveform"
    assert waveforms.document["config"]["encoder"] == "logmel-resnet18"
    assert plan("spoken-digits").config.encoder == "resnet18"
    assert plan("spoken-digits-waveform", encoder="resnet18").config.encoder == "resnet18"
