"""A reduced run of ``benchmarks/coverage.py``: intervals hold the truth as often as they say."""

import importlib.util
import sys
from math import sqrt
from pathlib import Path

import numpy as np
import pytest

from vmbench_leaderboard.statistics import sampling

PATH = Path(__file__).parents[2] / "benchmarks" / "coverage.py"
REPLICATES = 300


@pytest.fixture(scope="module")
def benchmark():
    spec = importlib.util.spec_from_file_location("coverage_benchmark", PATH)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def shares(benchmark, name, seeds):
    (scenario,) = [s for s in benchmark.SCENARIOS if s.name == name]
    found = benchmark.coverage(scenario, seeds, REPLICATES, benchmark.as_shipped)
    return {kind: tally.held / tally.given for kind, tally in found.items() if tally.given}


@pytest.mark.parametrize(("seeds", "at_least"), [(5, 0.93), (3, 0.90)])
@pytest.mark.parametrize(
    "name",
    [
        "400 examples, noisy seeds",
        "3 people, steady seeds",
        "20 people, noisy seeds",
        "3 tasks, 6 people, noisy seeds",
    ],
)
def test_intervals_hold_the_truth(benchmark, name, seeds, at_least):
    found = shares(benchmark, name, seeds)
    # Three standard errors of a share measured on so many replicates.
    slack = 3 * sqrt(at_least * (1 - at_least) / REPLICATES)
    assert min(found.values()) >= at_least - slack, found


def test_the_simulation_would_notice_normal_intervals(benchmark, monkeypatch):
    monkeypatch.setattr(sampling, "quantile", lambda degrees: np.full_like(degrees, 1.96))
    found = shares(benchmark, "3 people, steady seeds", 5)
    assert max(found.values()) < 0.92, found
    assert found["cell"] < 0.88, found


def test_the_simulation_would_notice_seeds_alone(benchmark, monkeypatch):
    monkeypatch.setattr(sampling.Sample, "of_units", property(lambda self: 0 * self.units[:, 0]))
    found = shares(benchmark, "400 examples, noisy seeds", 5)
    assert found["cell"] < 0.85, found
