import torch

from vmbench.training import checkpoint


def test_nested_state_comes_back_exactly(tmp_path):
    state = {
        "weights": {"a": torch.randn(3, 2), "b": torch.tensor(7)},
        "optimizer": {0: {"step": torch.tensor(3.0)}, 12: {"none": None, "betas": [0.9, 0.999]}},
        "rng": torch.random.get_rng_state(),
        "number": 1e-17,
    }
    checkpoint.save(state, tmp_path / "x.safetensors")
    loaded = checkpoint.load(tmp_path / "x.safetensors")
    assert torch.equal(loaded["weights"]["a"], state["weights"]["a"])
    assert loaded["weights"]["b"] == 7
    assert set(loaded["optimizer"]) == {0, 12}
    assert loaded["optimizer"][12] == {"none": None, "betas": [0.9, 0.999]}
    assert torch.equal(loaded["rng"], state["rng"])
    assert loaded["number"] == 1e-17
    assert [p.name for p in tmp_path.iterdir()] == ["x.safetensors"]
