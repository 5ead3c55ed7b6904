import os

import pytest
import torch
from safetensors.torch import save_file

from vmbench.storage.atomic import write_atomically
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


def test_one_other_bit_anywhere_is_named(tmp_path):
    """Also where the safetensors format itself would not notice: in the numbers."""
    path = tmp_path / "x.safetensors"
    checkpoint.save({"weights": torch.randn(8), "step": 3}, path)
    content = path.read_bytes()
    for position in range(len(content)):
        changed = bytearray(content)
        changed[position] ^= 4
        path.write_bytes(changed)
        with pytest.raises(checkpoint.DamagedError, match=r"x\.safetensors is damaged"):
            checkpoint.load(path)
    path.write_bytes(content)
    assert checkpoint.load(path)["step"] == 3


def test_changed_weights_are_named_and_those_without_a_checksum_are_read(tmp_path):
    module, path = torch.nn.Linear(3, 2), tmp_path / "w.safetensors"
    save_file(module.state_dict(), path)  # as written before there were checksums
    assert torch.equal(checkpoint.load_weights(path)["weight"], module.weight)
    checkpoint.save_weights(module, path)
    assert torch.equal(checkpoint.load_weights(path)["weight"], module.weight)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(checkpoint.DamagedError, match="checksum is another"):
        checkpoint.load_weights(path)


def test_the_state_before_is_kept_whenever_the_process_ends(tmp_path, monkeypatch):
    """Killed at each of the two renames: one of the last two states is there, whole."""
    path = tmp_path / "x.safetensors"
    checkpoint.save({"step": 1}, path)
    checkpoint.save({"step": 2}, path)
    assert checkpoint.load(checkpoint.before(path)) == {"step": 1}
    rename = os.replace
    for last in (0, 1):
        calls = iter(range(9))

        def dying(old, new, calls=calls, last=last):
            if next(calls) == last:
                raise KeyboardInterrupt
            rename(old, new)

        monkeypatch.setattr(os, "replace", dying)
        with pytest.raises(KeyboardInterrupt):
            checkpoint.save({"step": 3}, path)
        monkeypatch.undo()
        newest = path if path.exists() else checkpoint.before(path)
        assert checkpoint.load(newest) == {"step": 2}


def test_it_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch):
    done, sync, rename = [], os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda fd: (done.append("fsync"), sync(fd)))
    monkeypatch.setattr(os, "replace", lambda *names: (done.append("replace"), rename(*names)))
    checkpoint.save({"step": 1}, tmp_path / "x.safetensors")
    write_atomically(tmp_path / "x.json", "{}")
    assert done == ["fsync", "replace", "fsync"] * 2
