"""The alarm: what has collapsed or never moved trips it, what was learned does not."""

import importlib
import json

import numpy as np
import pytest
import torch
from planning import new_encoder
from toy import ToyGrid, ToyVector

import vmbench
from vmbench.data.examples import prepare
from vmbench.training.collapse import Health, Watch, effective_rank, similarity
from vmbench.training.device import Placement

CPU = Placement(torch.device("cpu"), None)


def naive_rank(z):
    singular = np.sqrt(np.clip(np.linalg.eigvalsh(z.T @ z), 0, None))
    shares = singular / singular.sum()
    return np.exp(-sum(p * np.log(p) for p in shares if p > 0))


def test_effective_rank_is_the_entropy_of_the_singular_values():
    rng = np.random.default_rng(0)
    z = rng.standard_normal((50, 6)) * [9, 5, 3, 1, 0.5, 0.1] + 2  # not centred
    found = effective_rank(torch.from_numpy(z))
    assert found == pytest.approx(naive_rank(z), rel=1e-5)
    assert found != pytest.approx(naive_rank(z - z.mean(0)), rel=1e-2)
    assert effective_rank(torch.from_numpy(7 * z)) == pytest.approx(found, rel=1e-5)


def test_effective_rank_of_known_spectra():
    q, _ = torch.linalg.qr(torch.randn(40, 8, generator=torch.Generator().manual_seed(0)))
    assert effective_rank(q) == pytest.approx(8, rel=1e-4)
    assert effective_rank(q[:, :3] @ torch.randn(3, 30)) <= 3.01
    assert effective_rank(torch.outer(torch.randn(40), torch.randn(8))) == pytest.approx(
        1, abs=0.01
    )
    assert effective_rank(torch.zeros(40, 8)) == 0


def test_similarity_is_linear_cka():
    """Against the kernel form: centred Gram matrices, Frobenius product over the norms."""
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((30, 5)) + 3, rng.standard_normal((30, 7))
    y[:, :2] += 2 * x[:, :2]
    centre = np.eye(30) - 1 / 30
    kx, ky = (centre @ (z @ z.T) @ centre for z in (x, y))
    expected = (kx * ky).sum() / np.sqrt((kx * kx).sum() * (ky * ky).sum())
    assert similarity(torch.from_numpy(x), torch.from_numpy(y)) == pytest.approx(expected)
    turned = x @ np.linalg.qr(rng.standard_normal((5, 5)))[0]
    assert similarity(torch.from_numpy(x), torch.from_numpy(5 * turned)) == pytest.approx(1)
    assert similarity(torch.from_numpy(x), torch.ones(30, 2)) == 0


@pytest.mark.parametrize(
    ("rank", "start", "alike", "says"),
    [
        (1.0, 60.0, 0.2, "collapsed: effective rank 1.0 of 128"),
        (2.0, 5.0, 0.2, "collapsed: effective rank 2.0 of 128"),  # a constant and one direction
        (6.1, 60.3, 0.35, "collapsed: effective rank 6.1 of 128"),  # SimSiam on speech
        (60.0, 60.0, 0.99, "did not leave their start: similarity 0.99"),
        (15.0, 61.7, 0.20, None),  # the watch, viewmaker
        (20.8, 18.2, 0.39, None),  # pressure waves, viewmaker
        (78.1, 134.1, 0.63, None),  # diamonds, handcrafted
    ],
)
def test_health_by_rank_and_by_the_way_from_the_start(rank, start, alike, says):
    health = Health(rank, 128, start, alike)
    assert health.collapsed == (says is not None)
    assert (health.warning or "").find(says or "") >= 0


def watch(dataset, encoder, batch_size=32):
    examples = prepare(dataset().bind())
    return Watch(encoder, examples, examples.training(), CPU, batch_size)


@pytest.mark.parametrize("dataset", [ToyGrid, ToyVector])
def test_the_start_is_the_network_in_training_mode_and_stays_as_it_was(dataset):
    encoder = new_encoder(dataset.spec, width=8)
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
    watched = watch(dataset, encoder)
    assert all(torch.equal(before[name], value) for name, value in encoder.state_dict().items())
    batch = watched.examples.batch(watched.batches[1])
    with torch.no_grad():
        expected = encoder.train().pooled(batch)
    torch.testing.assert_close(watched.start[32:64], expected)
    # The rank is that of evaluation mode, which is probed; the way is that of the weights.
    encoder.load_state_dict(before)
    health = watched.judge(encoder.eval())
    with torch.no_grad():
        evaluated = encoder.pooled(watched.examples.batch(np.concatenate(watched.batches)))
    assert health.effective_rank == pytest.approx(effective_rank(evaluated), rel=1e-4)
    assert health.start_rank == pytest.approx(effective_rank(watched.start), rel=1e-4)
    assert health.similarity == pytest.approx(1)
    assert not encoder.training


def test_a_training_set_of_any_size_fills_its_batches():
    encoder = new_encoder(ToyVector.spec)
    assert [len(b) for b in watch(ToyVector, encoder, 179).batches] == [179]
    assert [len(b) for b in watch(ToyVector, encoder, 500).batches] == [180]
    ids = np.concatenate(watch(ToyVector, encoder, 60).batches)
    assert len(set(ids)) == 180


def run(tmp_path, monkeypatch, **settings):
    # As without matplotlib: the picture would take most of the seconds.
    monkeypatch.setattr(
        importlib.import_module("vmbench.runs.artifact"), "find_spec", lambda _: None
    )
    settings = {"batch_size": 32, "probe_max_iter": 10, **settings}
    return vmbench.run(
        "toy",
        "gaussian-noise",
        preset="smoke",
        transfer=["toy-vector"],
        settings=settings,
        out=tmp_path,
        quiet=False,
    )


def test_a_run_that_learns_is_not_warned_of_and_says_its_rank(tmp_path, monkeypatch, capsys):
    result = run(tmp_path, monkeypatch, epochs=20, lr=0.01)
    said = capsys.readouterr().err
    assert result.pretrain.collapsed is False
    assert "warning" not in said
    rank, dim = result.pretrain.effective_rank, result.pretrain.feature_dim
    assert 3 < rank <= dim
    assert f"effective rank {rank:.1f} of {dim}" in said
    log = (tmp_path / result.run_id / "metrics.jsonl").read_text().splitlines()
    assert all(1 <= json.loads(line)["effective_rank"] <= 64 for line in log)


def test_a_run_that_never_leaves_its_start_warns(tmp_path, monkeypatch, capsys):
    result = run(tmp_path, monkeypatch, lr=1e-9)
    assert result.pretrain.collapsed
    assert "warning: the representations did not leave their start" in capsys.readouterr().err


def test_a_run_whose_representations_become_one_direction_warns(tmp_path, monkeypatch, capsys):
    from vmbench.networks.mlp import MLP

    original = MLP.stages

    def flat(self, embedded):
        for name, maps in original(self, embedded):
            yield name, maps.mean(1, keepdim=True).expand_as(maps)

    monkeypatch.setattr(MLP, "stages", flat)
    result = run(tmp_path, monkeypatch)
    assert result.pretrain.effective_rank == pytest.approx(1, abs=0.01)
    assert result.pretrain.collapsed
    assert "warning: the representations collapsed: effective rank 1.0" in capsys.readouterr().err


def test_nothing_was_watched_where_nothing_was_pretrained(tmp_path):
    options = {"preset": "smoke", "transfer": ["toy-vector"], "out": tmp_path}
    for method in ("random-init", "supervised"):
        pretrain = vmbench.run("toy", method, **options).pretrain
        unsaid = (pretrain.name, pretrain.collapsed, pretrain.effective_rank, pretrain.feature_dim)
        assert unsaid == (None,) * 4
