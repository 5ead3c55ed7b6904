"""The committed board is what its results make, here and in a copy that goes stale."""

from pathlib import Path

import pytest
from leaderboard.factory import result, study

from vmbench_leaderboard.committed import list_commands, main

COMMITTED = Path(__file__).parents[2] / "leaderboard"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "results").mkdir()
    for one in study(domains={"audio": ["fsdd/digit"]}, seeds=range(2)):
        one.write(tmp_path / "results" / f"{one.run_id}.json")
    assert main([str(tmp_path)]) == 0
    return tmp_path


def test_this_repository_s_board_is_not_stale(capsys):
    assert main([str(COMMITTED), "--check"]) == 0, capsys.readouterr().err


def test_equal_results_write_equal_files(folder):
    before = {name: (folder / name).read_bytes() for name in ("README.md", "index.html")}
    assert main([str(folder), "--check"]) == 0
    assert main([str(folder)]) == 0
    assert before == {name: (folder / name).read_bytes() for name in before}
    assert b"| rank" in before["README.md"].lower()
    assert b"--seed $seed" in before["README.md"]


@pytest.mark.parametrize("name", ["README.md", "index.html"])
def test_an_edited_or_a_missing_file_is_stale(folder, name, capsys):
    (folder / name).write_text((folder / name).read_text() + "\n")
    assert main([str(folder), "--check"]) == 1
    assert str(folder / name) in capsys.readouterr().err
    (folder / name).unlink()
    assert main([str(folder), "--check"]) == 1
    assert not (folder / name).exists()


def test_a_new_result_and_the_loss_of_all_make_it_stale(folder):
    result("newcomer", 0, {"fsdd/digit": 0.9}).write(folder / "results" / "new.json")
    assert main([str(folder), "--check"]) == 1
    for file in (folder / "results").iterdir():
        file.unlink()
    assert main([str(folder), "--check"]) == 1


def test_without_results_there_is_nothing_to_be_stale(tmp_path, capsys):
    assert main([str(tmp_path), "--check"]) == 0
    assert main([str(tmp_path)]) == 2
    assert "no results in" in capsys.readouterr().err


def test_a_broken_result_is_one_line(folder, capsys):
    (folder / "results" / "broken.json").write_text('{"schema_version": 1}')
    assert main([str(folder), "--check"]) == 2
    assert "broken.json" in capsys.readouterr().err


def test_commands_that_differ_in_the_seed_share_a_line():
    base = "vmbench run --domain audio --method viewmaker"
    runs = [result(seed=seed, command=f"{base} --seed {seed} --json") for seed in (1, 0, 11)]
    runs += [result(seed=0, command=base), result(seed=1, command=f"{base} --seed 10")]
    assert list_commands(runs) == [
        base,
        f"for seed in 0 1 11; do {base} --seed $seed --json; done",
        f"{base} --seed 10",
    ]
