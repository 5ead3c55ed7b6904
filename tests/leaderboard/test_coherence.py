"""What may share a board, and filters: everything is computed from what is left."""

import pytest
from leaderboard.factory import result, study

from vmbench.errors import UserError
from vmbench_leaderboard.board import Board, build_boards
from vmbench_leaderboard.cells import TaskKey
from vmbench_leaderboard.filters import Filters

DIGIT = TaskKey("audio", "fsdd", "digit")
SPEAKER = TaskKey("audio", "fsdd", "speaker")


def board(results, **filters) -> Board:
    return build_boards(results, Filters(**filters))[0]


def row(of, method, settings=""):
    (found,) = [r for r in of.rows if r.key.method == method and r.key.settings == settings]
    return found


def runs(method, values_by_seed, task="fsdd/digit", **fields):
    return [
        result(method, seed, {task: value}, **fields) for seed, value in enumerate(values_by_seed)
    ]


# Steady yardsticks: the ceiling is far above the floor.
YARDSTICKS = [*runs("random-init", [0.49, 0.51]), *runs("supervised", [0.99, 1.01])]


def test_filtering_computes_everything_again():
    results = study(seeds=range(3), objectives=("simclr", "byol"))
    whole = board(results)
    kept = board(results, objectives=("byol",), domains=("sensor",))
    assert len(kept.rows) == 7 < len(whole.rows)
    assert {r.key.objective for r in kept.rows} == {"byol", ""}
    assert {r.rank for r in kept.rows} == set(range(1, 8))
    assert [t.key.domain for t in kept.tasks] == ["sensor", "sensor"]
    by_hand = [r for r in results if r.domain == "sensor" and r.objective in ("byol", None)]
    assert kept == board(by_hand)


def test_a_filter_that_names_nothing_suggests_what_is_there():
    with pytest.raises(UserError, match=r"unknown domain in these results 'audoi'.*'audio'"):
        board(study(seeds=[0]), domains=("audoi",))


def test_mixed_presets_are_refused_with_the_flag_that_mends_it():
    results = [*YARDSTICKS, *runs("viewmaker", [0.7], preset="smoke")]
    with pytest.raises(UserError, match=r"small \(4 runs\), smoke \(1 run\).*--preset small"):
        board(results)
    assert board(results, presets=("small",)).preset == "small"
    assert any("mean nothing" in note for note in board(results, presets=("smoke",)).notes)


def test_a_collapsed_run_is_named():
    fine = runs("viewmaker", [0.7, 0.1], collapsed=False)
    assert not any("collapsed" in note for note in board([*YARDSTICKS, *fine]).notes)
    bad = [result("viewmaker", 2, {"fsdd/digit": 0.1}, collapsed=True)]
    notes = board([*YARDSTICKS, *fine, *bad]).notes
    assert "The representations collapsed in 1 row: viewmaker (simclr) on audio." in notes


def test_mixed_revisions_are_refused_with_their_values():
    results = [*YARDSTICKS, *runs("viewmaker", [0.7], revision="2")]
    with pytest.raises(UserError, match=r"revisions of audio dataset fsdd: 1 \(4 runs\), 2"):
        board(results)


def test_evaluations_are_not_mixed():
    one = result(values={"fsdd/digit": 0.7})
    task = one.tasks[0].model_copy(
        update={"probe": one.tasks[0].probe.model_copy(update={"kind": "knn"})}
    )
    with pytest.raises(UserError, match=r"in two ways: evaluation is 'logistic' and.*'knn'"):
        board([*YARDSTICKS, one.model_copy(update={"tasks": [task]})])


def test_a_revision_that_schema_1_does_not_tell_agrees_with_any():
    (one,) = runs("viewmaker", [0.7])
    tasks = [task.model_copy(update={"revision": "unknown"}) for task in one.tasks]
    found = board([*YARDSTICKS, one.model_copy(update={"tasks": tasks})])
    assert row(found, "viewmaker").cells[DIGIT].mean == 0.7
    tasks = [task.model_copy(update={"revision": "2"}) for task in one.tasks]
    with pytest.raises(UserError, match="revisions of audio dataset fsdd"):
        board([*YARDSTICKS, one.model_copy(update={"tasks": tasks})])


@pytest.mark.parametrize(
    ("field", "value"), [("n_test", 299), ("metric", "auroc"), ("higher_is_better", False)]
)
def test_a_task_scored_in_two_ways_is_refused(field, value):
    with pytest.raises(UserError, match=rf"audio:fsdd/digit in two ways: {field} is"):
        board([*YARDSTICKS, result(values={"fsdd/digit": 0.7}, **{field: value})])


def test_results_without_a_task_are_refused():
    with pytest.raises(UserError, match="no result has a task"):
        board([result(values={})])
