"""``result.json`` over its schemas: frozen samples, the migration, and what is refused."""

import json
from pathlib import Path

import pytest

from vmbench.results import SchemaError, TestUnits, read_result

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "tests" / "leaderboard" / "samples"
COMMITTED = sorted((ROOT / "leaderboard" / "results").glob("*.json"))


def sample(version):
    return json.loads((SAMPLES / f"result-schema-{version}.json").read_text())


def read(document, tmp_path):
    path = tmp_path / "result.json"
    path.write_text(json.dumps(document))
    return read_result(path)


def test_the_frozen_sample_of_schema_2_loads_and_is_written_again_as_it_is(tmp_path):
    result = read_result(SAMPLES / "result-schema-2.json")
    result.write(tmp_path / "again.json")
    assert json.loads((tmp_path / "again.json").read_text()) == sample(2)
    digit, tempo = result.tasks
    assert (digit.units.unit, digit.units.count, digit.units.totals) == ("group", 3, [9, 6, 3])
    assert (digit.units.mean, tempo.units.mean) == (0.75, 0.5)
    assert result.pretrain.collapsed
    assert result.overrides == {"epochs": 3}


def test_the_frozen_sample_of_schema_1_gains_what_it_did_not_say():
    result = read_result(SAMPLES / "result-schema-1.json")
    new = json.loads(result.model_dump_json())
    assert (new.pop("schema_version"), new.pop("views"), new.pop("yardstick")) == (
        2,
        "learned",
        False,
    )
    assert new.pop("overrides") == {}
    unsaid = {"name", "collapsed", "feature_std", "effective_rank", "feature_dim"}
    assert {key: new["pretrain"].pop(key) for key in unsaid} == dict.fromkeys(unsaid)
    for task in new["tasks"]:
        assert (task.pop("revision"), task.pop("floors"), task.pop("units")) == ("1", {}, None)
        probe = task["probe"]
        assert probe.pop("chosen") == {"penalty": 0.01}
        assert (probe.pop("gradient_norm"), probe.pop("converged")) == (None, None)
    # The rest is the old document, field by field.
    old = sample(1)
    del old["schema_version"]
    assert new == old


def test_metrics_of_schema_1_that_were_none_move_to_their_owners(tmp_path):
    document = sample(1)
    first, second = document["tasks"]
    second["dataset"] = "elsewhere"
    first["metrics"] |= {"majority_accuracy": 0.1, "chosen_k": 20.0, "chosen_temperature": 0.07}
    for task in (first, second):
        task["metrics"] |= {"feature_std": 0.003, "collapsed": 1.0}
    result = read(document, tmp_path)
    digit, other = result.tasks
    assert digit.metrics == {"accuracy": digit.value}
    assert digit.floors == {"majority_accuracy": 0.1}
    assert digit.probe.chosen == {"penalty": 0.01, "k": 20, "temperature": 0.07}
    assert isinstance(digit.probe.chosen["k"], int)
    assert (result.pretrain.collapsed, result.pretrain.feature_std) == (True, 0.003)
    assert (digit.revision, other.revision) == ("1", "unknown")
    for task in document["tasks"]:
        del task["metrics"]["collapsed"]
    assert read(document, tmp_path).pretrain.collapsed is False


@pytest.mark.parametrize(
    ("method", "views", "yardstick"),
    [
        ("handcrafted", "handcrafted", False),
        ("viewmaker+handcrafted", "learned", False),
        ("gaussian-noise", "fixed", False),
        ("mae", "none", False),
        ("random-init", "none", True),
        ("supervised", "none", True),
        ("supervised+handcrafted", "handcrafted", True),
        ("supervised+viewmaker", "learned", True),
    ],
)
def test_views_and_yardsticks_of_schema_1_follow_from_the_method(
    method, views, yardstick, tmp_path
):
    result = read(sample(1) | {"method": method}, tmp_path)
    assert (result.views, result.yardstick) == (views, yardstick)


def test_a_plugins_method_of_schema_1_has_learned_views_where_it_had_a_viewmaker(tmp_path):
    document = sample(1) | {"method": "somebodys"}
    assert read(document, tmp_path).views == "learned"
    document["parameters"]["viewmaker"] = 0
    assert read(document, tmp_path).views == "none"


@pytest.mark.parametrize("path", COMMITTED, ids=lambda path: path.stem)
def test_the_committed_results_load_with_their_values(path):
    result, document = read_result(path), json.loads(path.read_text())
    assert [t.value for t in result.tasks] == [t["value"] for t in document["tasks"]]
    kinds = {"viewmaker": "learned", "handcrafted": "handcrafted"}
    # A ceiling may be trained on the domain's views: they are its kind, and it stays a yardstick.
    config = document["config"]
    own = config.get("supervised", config)  # earlier results have all settings side by side
    augmented = own["augmentation"] if result.method == "supervised" else None
    assert result.views == kinds.get(augmented or result.method, "none")
    assert result.yardstick == (result.method not in kinds)


@pytest.mark.parametrize(
    ("version", "where", "field"),
    [(1, (), "views"), (1, ("pretrain",), "name"), (1, (), "lucky"), (2, (), "lucky")],
)
def test_a_field_of_no_or_of_a_later_schema_is_refused(version, where, field, tmp_path):
    document = inner = sample(version)
    for key in where:
        inner = inner[key]
    inner[field] = "none"
    with pytest.raises(SchemaError, match=rf"result\.json.*{field}"):
        read(document, tmp_path)


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ([], "document"),
        ({"schema_version": 1}, "run_id: Field required"),
        ({"schema_version": 1, "tasks": [{"metrics": 3}], "pretrain": []}, "run_id"),
        ({"schema_version": 3}, "schema_version"),
    ],
)
def test_what_is_no_result_is_named_and_not_a_traceback(document, says, tmp_path):
    with pytest.raises(SchemaError, match=says):
        read(document, tmp_path)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"sizes": [10, 8]}, "2 sizes and 3 totals"),
        ({"sizes": [10, 8, 0]}, "at least one example"),
        ({"count": 2}, "at least one unit"),
        ({"sizes": [10, 8, 7]}, "units hold 25 examples of 24"),
        ({"totals": [9.0, 6.0, 4.0]}, "the value is 0.75"),
        ({"sizes": [1] * 257, "totals": [1.0] * 257, "count": 257}, "256"),
    ],
)
def test_units_that_contradict_themselves_or_their_task_are_refused(change, says, tmp_path):
    document = sample(2)
    document["tasks"][0]["units"] |= change
    with pytest.raises(SchemaError, match=says):
        read(document, tmp_path)


def test_the_mean_of_units_weighs_each_example_alike():
    units = TestUnits(unit="group", count=2, sizes=[1, 3], totals=[1.0, 0.0])
    assert units.mean == 0.25
