"""The example of a third-party domain: short, sound, and run without being installed."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "seismic"


@pytest.fixture(scope="module")
def seismic():
    sys.path.insert(0, str(EXAMPLE))
    try:
        import vmbench_seismic

        yield vmbench_seismic
    finally:
        sys.path.remove(str(EXAMPLE))
        sys.modules.pop("vmbench_seismic")


def test_it_keeps_the_contract(seismic):
    from vmbench.testing import check_domain

    report = check_domain(seismic.SeismicDomain)
    assert report.passed, str(report)


def test_it_is_as_short_as_promised():
    assert len((EXAMPLE / "vmbench_seismic.py").read_text().splitlines()) <= 80
    contract = (EXAMPLE / "tests" / "test_contract.py").read_text().splitlines()
    assert len([line for line in contract if line]) == 3


def test_waves_arrive_when_their_speed_says(seismic):
    arrival = 12.0
    train = seismic.wave_train(arrival, 4.0, 2.0, np.random.default_rng(0))
    onset = round(arrival * seismic.RATE)
    assert not train[:onset].any()
    assert np.abs(train).max() == pytest.approx(1)
    early, late = train[onset : onset + 40], train[onset + 160 : onset + 200]
    assert np.std(late) < 0.1 * np.std(early)  # after four decay times


def test_the_spectrum_is_brunes(seismic):
    rng = np.random.default_rng(0)
    # So slow a decay leaves the spectrum as it is; the mean over draws shows its shape.
    draws = [seismic.wave_train(0.0, 2.0, 1e9, rng) for _ in range(200)]
    power = np.mean([np.abs(np.fft.rfft(draw)) ** 2 for draw in draws], axis=0)
    f = np.fft.rfftfreq(seismic.LENGTH, 1 / seismic.RATE)
    ratio = power[1:-1] / (f[1:-1] / (1 + (f[1:-1] / 2.0) ** 2)) ** 2
    smooth = np.convolve(ratio, np.ones(15) / 15, mode="valid")
    assert smooth.max() / smooth.min() < 1.8


def test_it_runs_without_being_installed(tmp_path):
    done = subprocess.run(
        [
            *(sys.executable, "-m", "vmbench", "run", "--plugin", "vmbench_seismic:SeismicDomain"),
            *("--domain", "seismic", "--method", "random-init", "--preset", "smoke", "--quiet"),
            *("--json", "--out", str(tmp_path)),
        ],
        cwd=EXAMPLE,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    (task,) = json.loads(done.stdout)["tasks"]
    assert (task["dataset"], task["n_classes"], task["n_test"]) == ("local-events", 3, 240)
    assert task["value"] > 0.4  # chance is 1/3: there is something to see
    assert "--plugin vmbench_seismic:SeismicDomain" in json.loads(done.stdout)["command"]
