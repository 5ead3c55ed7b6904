"""Which files are results, and what is said of the ones that are not."""

import json
from pathlib import Path

import pytest
from leaderboard.factory import result, study, write

from vmbench.errors import UserError
from vmbench.results import SchemaError
from vmbench_leaderboard.board import build_boards
from vmbench_leaderboard.cells import TaskKey
from vmbench_leaderboard.load import load

SAMPLES = Path(__file__).parent / "samples"


@pytest.mark.parametrize("version", [1, 2])
def test_the_frozen_sample_of_each_schema_makes_a_board(version):
    (sample,) = load([SAMPLES / f"result-schema-{version}.json"]).results
    (board,) = build_boards([sample])
    (row,) = board.rows
    assert (row.key.method, row.views, row.yardstick) == ("viewmaker", "learned", False)
    for task in sample.tasks:
        cell = row.cells[TaskKey(sample.domain, task.dataset, task.task)]
        assert cell.mean == pytest.approx(task.value)
        assert cell.covers == (None if task.units is None else "test")


def test_a_folder_of_runs_gives_its_results_and_no_configuration(tmp_path):
    write([result(seed=seed) for seed in range(3)], tmp_path)
    loaded = load([tmp_path])
    assert sorted(r.seed for r in loaded.results) == [0, 1, 2]
    assert loaded.unfinished == ()


def test_collected_results_may_have_any_name(tmp_path):
    (tmp_path / "audio").mkdir()
    result(seed=4).write(tmp_path / "audio" / "viewmaker-4.json")
    (tmp_path / "package.json").write_text('{"name": "something else"}')
    (tmp_path / "nested.json").write_text('{"inside": {"schema_version": 1}}')
    (tmp_path / ".hidden.json").write_text('{"schema_version": 1}')
    assert [r.seed for r in load([tmp_path]).results] == [4]


def test_other_json_in_a_runs_folder_is_not_looked_at(tmp_path):
    write([result()], tmp_path)
    run = tmp_path / result().run_id
    (run / "state.json").write_text('{"schema_version": 99}')
    assert len(load([tmp_path]).results) == 1


def test_hidden_folders_are_skipped(tmp_path):
    write([result(seed=0)], tmp_path)
    write([result(seed=1)], tmp_path / ".trash")
    assert [r.seed for r in load([tmp_path]).results] == [0]


def test_a_run_without_a_result_is_counted_as_unfinished(tmp_path):
    write([result()], tmp_path)
    (tmp_path / "started").mkdir()
    (tmp_path / "started" / "config.json").write_text("{}")
    assert load([tmp_path]).unfinished == (tmp_path / "started",)


def test_a_file_named_twice_is_read_once(tmp_path):
    write([result()], tmp_path)
    assert len(load([tmp_path, tmp_path / result().run_id, tmp_path]).results) == 1


def test_order_follows_paths_and_not_the_disk(tmp_path):
    write(study(), tmp_path)
    ids = [r.run_id for r in load([tmp_path]).results]
    assert ids == sorted(ids)
    assert len(ids) == 70


def test_a_path_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(UserError, match="nowhere does not exist"):
        load([tmp_path / "nowhere"])


def test_no_result_at_all_says_how_to_make_one(tmp_path):
    with pytest.raises(UserError, match=r"no results in .*vmbench run"):
        load([tmp_path])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "Invalid JSON"),
        ("[]", "document"),
        ('{"schema_version": 1}', "run_id: Field required"),
    ],
)
def test_a_broken_result_names_its_file_and_field(tmp_path, text, says):
    write([result()], tmp_path)
    path = tmp_path / result().run_id / "result.json"
    path.write_text(text)
    with pytest.raises(SchemaError, match=says) as error:
        load([tmp_path])
    assert str(path) in str(error.value)


def test_a_torn_collected_file_is_not_passed_over(tmp_path):
    whole = result().model_dump_json()
    (tmp_path / "a.json").write_text(whole)
    (tmp_path / "b.json").write_text(whole[:200])
    with pytest.raises(SchemaError, match=r"b\.json"):
        load([tmp_path])


def test_an_unknown_field_is_an_error(tmp_path):
    data = json.loads(result().model_dump_json()) | {"lucky": True}
    (tmp_path / "result.json").write_text(json.dumps(data))
    with pytest.raises(SchemaError, match="lucky"):
        load([tmp_path])


def test_a_newer_schema_says_what_to_install(tmp_path):
    data = json.loads(result().model_dump_json()) | {"schema_version": 3}
    (tmp_path / "result.json").write_text(json.dumps(data))
    with pytest.raises(SchemaError, match=r"schema version 3.*up to 2: install a newer one"):
        load([tmp_path])


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "utf-32"])
@pytest.mark.parametrize("name", ["result.json", "collected.json"])
def test_a_result_in_another_encoding_is_named(tmp_path, encoding, name):
    result(seed=0).write(tmp_path / "fine.json")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / name).write_bytes(result(seed=1).model_dump_json().encode(encoding))
    with pytest.raises(SchemaError, match=rf"other/{name} .*UTF-8"):
        load([tmp_path])


@pytest.mark.parametrize("data", [b"", b"\xff\xfa\x02\x03", b"not JSON", b'{"a": 1,}'])
def test_a_json_file_that_is_none_is_named(tmp_path, data):
    result(seed=0).write(tmp_path / "fine.json")
    (tmp_path / "other.json").write_bytes(data)
    with pytest.raises(SchemaError, match=r"other\.json cannot be read as JSON"):
        load([tmp_path])
