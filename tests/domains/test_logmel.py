"""The mel filterbank and the log-mel transform, against naive oracles."""

import cmath
import math

import numpy as np
import pytest
import torch

from vmbench_domains.audio.logmel import LogMel, hertz_to_mel, mel_filterbank, mel_to_hertz


def naive_filterbank(sample_rate, n_fft, mels):
    """Corner by corner and bin by bin, from the formula of the HTK book."""
    top = 2595 * math.log10(1 + sample_rate / 2 / 700)
    corners = [700 * (10 ** (top * k / (mels + 1) / 2595) - 1) for k in range(mels + 2)]
    bank = np.zeros((mels, n_fft // 2 + 1))
    for i in range(mels):
        left, centre, right = corners[i : i + 3]
        for j in range(n_fft // 2 + 1):
            frequency = j * sample_rate / n_fft
            if left < frequency <= centre:
                bank[i, j] = (frequency - left) / (centre - left)
            elif centre < frequency < right:
                bank[i, j] = (right - frequency) / (right - centre)
    return bank


@pytest.mark.parametrize(("rate", "n_fft", "mels"), [(16_000, 1024, 64), (8_000, 256, 20)])
def test_filterbank_is_the_naive_one(rate, n_fft, mels):
    bank = mel_filterbank(rate, n_fft, mels)
    np.testing.assert_allclose(bank.numpy(), naive_filterbank(rate, n_fft, mels), atol=1e-6)


def test_no_filter_of_the_datasets_is_empty():
    mel = LogMel()
    bank = mel_filterbank(mel.sample_rate, mel.n_fft, mel.mels)
    assert bank.shape == (64, 513)
    assert bank.sum(1).min() > 0.5


def test_mel_scale_is_inverted():
    hertz = torch.linspace(0, 8000, 100, dtype=torch.float64)
    torch.testing.assert_close(mel_to_hertz(hertz_to_mel(hertz)), hertz)


def test_log_mel_is_the_naive_one():
    transform = LogMel(sample_rate=800, n_fft=32, hop=10, mels=5, top_db=200)
    clip = np.random.default_rng(0).standard_normal(60)
    padded = np.pad(clip, 11, mode="reflect")
    bank = naive_filterbank(800, 32, 5)
    expected = np.zeros((5, 6))
    for frame in range(6):
        power = []
        for k in range(17):
            total = 0j
            for n in range(32):
                hann = 0.5 - 0.5 * math.cos(2 * math.pi * n / 32)
                total += padded[10 * frame + n] * hann * cmath.exp(-2j * math.pi * k * n / 32)
            power.append(abs(total) ** 2)
        expected[:, frame] = 10 * np.log10(bank @ power)
    found = transform(torch.tensor(clip, dtype=torch.float32)[None])[0]
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-3)


def test_a_frame_is_centred_on_its_hop():
    clips = torch.zeros(64, 16_000)
    clips[torch.arange(64), torch.arange(64) * 250 + 125] = 1
    loudest = LogMel()(clips).mean(1).argmax(1)
    assert loudest.tolist() == list(range(64))


def test_a_tone_is_loudest_in_its_mel_and_the_rest_is_raised_to_the_floor():
    time = torch.arange(16_000) / 16_000
    transform = LogMel()
    decibels = transform(torch.sin(2 * math.pi * 1000 * time)[None])[0]
    centre = hertz_to_mel(torch.tensor(1000.0)) / hertz_to_mel(torch.tensor(8000.0)) * 65 - 1
    assert abs(decibels[:, 30].argmax().item() - centre.item()) <= 1
    assert decibels.max() - decibels.min() == pytest.approx(transform.top_db, abs=1e-4)


def test_silence_is_finite():
    assert torch.isfinite(LogMel()(torch.zeros(2, 16_000))).all()


def test_clips_do_not_affect_each_other():
    clips = torch.randn(3, 4000, generator=torch.Generator().manual_seed(0))
    clips[1] *= 100
    together, alone = LogMel()(clips), LogMel()(clips[:1])
    torch.testing.assert_close(together[:1], alone)
