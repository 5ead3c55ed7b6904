"""Waveform views: a crop in silence, white noise, pitch, loudness."""

import pytest
import torch

from vmbench.data.specs import Sequence
from vmbench_baselines import waveform
from vmbench_baselines.masks import random_stretch
from vmbench_baselines.waveform import Waveform, WaveformMethod, shift_pitch


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def tone(frequency, rate=16_000):
    return torch.sin(2 * torch.pi * frequency * torch.arange(rate) / rate).view(1, 1, -1)


def peak(x):
    """Frequency of the loudest bin of one second, in Hz."""
    return torch.fft.rfft(x[0, 0] * torch.hann_window(x.shape[2])).abs().argmax().item()


def test_a_crop_stays_in_place_with_silence_elsewhere(make_context, monkeypatch):
    monkeypatch.setattr("vmbench_baselines.time_series.JITTER", 0.0)
    spec = Sequence(2, 200)
    x = 1 + torch.rand(1500, *spec.shape, generator=generator())
    view = WaveformMethod().views(make_context(spec))(x, generator())
    kept = view != 0
    assert torch.equal(kept[:, 0], kept[:, 1])
    assert torch.equal(view[kept], x[kept])
    assert (kept[:, 0].int().diff(dim=1) == 1).sum(1).max() <= 1  # one run of samples
    lengths = kept[:, 0].sum(1).float() / 200
    assert 0.08 - 1 / 200 <= lengths.min() < 0.1
    assert 0.97 < lengths.max() <= 1
    assert lengths.mean().item() == pytest.approx(0.54, abs=0.02)
    assert kept.any(0).all()


def test_a_stretch_has_one_entry_at_least():
    assert (random_stretch(50, 3, 0.08, generator()).sum(1) >= 1).all()


def test_noise_covers_silence_and_crop(make_context):
    context = make_context(Sequence(1, 400))
    context.reference.mul_(3)
    view = WaveformMethod().views(context)(torch.zeros(500, 1, 400), generator())
    assert view.std().item() == pytest.approx(0.05 * context.reference.std().item(), rel=0.05)
    assert view.std(0).min() > 0.1


@pytest.mark.parametrize("semitones", [-10, -3.5, 0, 5, 10])
@pytest.mark.parametrize("frequency", [300, 1234])
def test_pitch_is_multiplied_and_length_and_level_kept(semitones, frequency):
    ratio = 2 ** (semitones / 12)
    x = tone(frequency)
    y = shift_pitch(x, torch.tensor([ratio]))
    assert y.shape == x.shape
    assert abs(peak(y) - frequency * ratio) <= 17  # half the grain rate, and a bin
    assert 0.4 < y.std() / x.std() < 1.05
    if semitones == 0:
        torch.testing.assert_close(y, x, atol=1e-4, rtol=0)


def test_pitch_and_loudness_differ_between_examples_within_their_bounds(make_context, monkeypatch):
    monkeypatch.setattr("vmbench_baselines.time_series.JITTER", 0.0)
    monkeypatch.setattr(waveform, "SHORTEST", 1.0)
    monkeypatch.setattr(waveform, "SEMITONES", 0.0)
    context = make_context(Sequence(1, 1000))
    views = Waveform(context, pitch_and_loudness=True)
    x = torch.randn(400, 1, 1000, generator=generator())
    factors = (views(x, generator()) * x).sum(2) / x.square().sum(2)
    assert 0.5 <= factors.min() < 0.55
    assert 1.9 < factors.max() <= 2.0
    monkeypatch.setattr(waveform, "SEMITONES", 10.0)
    monkeypatch.setattr(waveform, "LOUDNESS", (1.0, 1.0))
    y = Waveform(make_context(Sequence(1, 16_000)), pitch_and_loudness=True)(
        tone(1000).expand(12, -1, -1), generator()
    )
    peaks = [peak(each[None]) for each in y]
    assert len(set(peaks)) > 6
    assert 1000 * 2 ** (-10 / 12) - 17 <= min(peaks) < max(peaks) <= 1000 * 2 ** (10 / 12) + 17
