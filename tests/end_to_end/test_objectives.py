"""Every objective on every spec, with learned and with handcrafted views, on real data."""

import json
import math

import pytest
from planning import new_encoder
from reported import assert_a_value_is_its_units

from vmbench.registry import registry
from vmbench.runs.names import HANDCRAFTED
from vmbench.training.trainer import count_parameters

DATASETS = {
    "grid": ("image", "mnist"),
    "sequence": ("medical", "pig-cvp"),
    "vector": ("tabular", "diamonds"),
}


def test_the_datasets_are_the_specs():
    specs = {k: registry("domain").get(d).dataset(name).spec for k, (d, name) in DATASETS.items()}
    assert specs.keys() == {"grid", "sequence", "vector"}
    assert all(spec.kind == kind for kind, spec in specs.items())


@pytest.mark.parametrize("method", ["viewmaker", HANDCRAFTED])
@pytest.mark.parametrize("kind", DATASETS)
@pytest.mark.parametrize("objective", [entry.name for entry in registry("objective")])
@pytest.mark.usefixtures("_without_pictures")
def test_a_smoke_run(objective, kind, method, run, inside, tmp_path):
    domain, dataset = DATASETS[kind]
    spec = registry("domain").get(domain).dataset(dataset).spec
    (task, *_) = registry("domain").get(domain).dataset(dataset).tasks
    # Three epochs of two steps: queues, banks and momentum encoders are used after they moved.
    sizes = {"epochs": 3, "projection_dim": 64, "prototypes": 8}
    result = run(
        *("--domain", domain, "--method", method, "--objective", objective),
        *("--pretrain", dataset, "--transfer", f"{dataset}/{task.name}"),
        **sizes,
    )
    assert result["objective"] == objective
    assert f"-{objective}-smoke-" in result["run_id"]
    assert math.isfinite(result["pretrain"]["final_loss"])
    (found,) = result["tasks"]
    assert_a_value_is_its_units(found)

    # Spread and rank of the representations are in the log and in the result: none collapsed.
    lines = (tmp_path / result["run_id"] / "metrics.jsonl").read_text().splitlines()
    last = json.loads(lines[-1])
    assert last["step"] == result["pretrain"]["steps"] == 6
    assert last["feature_std"] == result["pretrain"]["feature_std"]
    assert 0.1 / math.sqrt(64) < last["feature_std"] < 1
    assert 1.5 < last["effective_rank"] <= 64
    assert 1.5 < result["pretrain"]["effective_rank"] <= result["pretrain"]["feature_dim"]

    # Heads, predictors, prototypes and momentum encoders are not the encoder.
    encoder = new_encoder(spec, **({"stem": "strided"} if spec.space else {}))
    assert result["parameters"]["encoder"] == count_parameters(encoder)
    assert (result["parameters"]["viewmaker"] > 0) == (method == "viewmaker")
    features = inside.features()
    assert features.isfinite().all()
    assert (features.std(0) > 1e-5).float().mean() > 0.5
