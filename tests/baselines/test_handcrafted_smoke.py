"""Whole runs, on toy data, of the handcrafted families for spectrograms and waveforms."""

import pytest

import vmbench


@pytest.mark.parametrize(
    ("method", "pretrain"),
    [
        ("spectral", "toy-grid"),
        ("spectral-noise", "toy-grid"),
        ("waveform", "toy-sequence"),
        ("waveform-pitch-loudness", "toy-sequence"),
    ],
)
def test_smoke(method, pretrain, tmp_path):
    result = vmbench.run(
        "toy",
        method,
        preset="smoke",
        pretrain=pretrain,
        transfer=[pretrain],
        settings={"batch_size": 32, "epochs": 1},
        out=tmp_path,
    )
    assert result.objective == "simclr"
    assert result.pretrain.steps > 0
    assert result.parameters.viewmaker == 0
