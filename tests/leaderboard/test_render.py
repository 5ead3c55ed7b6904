"""The text formats: what they hold, what they escape, and that they are the same each time."""

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from leaderboard.factory import LEVELS, result, study
from rich.console import Console

from vmbench_leaderboard.board import build_boards
from vmbench_leaderboard.check import judge
from vmbench_leaderboard.columns import board_columns
from vmbench_leaderboard.compare import compare
from vmbench_leaderboard.render import badge, github, html, markdown, table
from vmbench_leaderboard.render import csv as csv_format
from vmbench_leaderboard.render import json as json_format

NASTY = "<script>alert(1)</script>|[x](http://evil.example)@user"


def boards_of(results):
    return build_boards(results)


BOARDS = boards_of(study())


def as_text(renderable, width=200):
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(renderable)
    return console.file.getvalue()


FORMATS = [badge, csv_format, github, html, json_format, markdown]
# The results come in another order, a year later.
ELSEWHERE = """
import datetime, json, sys, time
from importlib import import_module
from leaderboard.factory import study  # pydantic knows datetime as it is
now, day = time.time, datetime.datetime
class Later(day):
    @classmethod
    def now(cls, tz=None):
        return day.now(tz) + datetime.timedelta(days=400)
    today = utcnow = now
datetime.datetime, time.time = Later, lambda: now() + 400 * 86400
from vmbench_leaderboard.board import build_boards
boards = build_boards(study()[::-1])
print(json.dumps({name: import_module(name).render(boards) for name in sys.argv[1:]}))
"""


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """What each format makes of the same results in another process, place, zone and year."""
    changed = {"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "LC_ALL": "C", "COLUMNS": "40"}
    path = os.pathsep.join([str(Path(__file__).parents[1]), *filter(None, sys.path)])
    made = subprocess.run(
        [sys.executable, "-c", ELSEWHERE, *(module.__name__ for module in FORMATS)],
        cwd=tmp_path_factory.mktemp("elsewhere"),
        env={**os.environ, **changed, "PYTHONPATH": path, "HOME": "/nowhere"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    return json.loads(made.stdout)


@pytest.mark.parametrize("module", FORMATS)
def test_output_depends_on_the_results_and_on_nothing_else(module, elsewhere):
    text = module.render(BOARDS)
    assert elsewhere[module.__name__] == text
    other = boards_of([one for one in study() if one.domain == "audio"])
    assert module.render(other) != text
    assert module.render(boards_of(study(rng=1))) != text


def test_markdown_has_a_table_per_board_with_as_many_fields_as_headings():
    text = markdown.render(BOARDS)
    tables = [block for block in text.split("\n\n") if block.startswith("|")]
    assert len(tables) == 3
    for block in tables:
        widths = {line.count("|") for line in block.splitlines()}
        assert len(widths) == 1
        assert len(block.splitlines()) == 2 + len(LEVELS)
    assert "| 1 | *supervised* |" in text


def test_markdown_keeps_a_name_a_name():
    text = markdown.render(boards_of([result(NASTY), result("other", objective="a|b")]))
    assert "<script>" not in text
    assert "http://" not in text
    assert "@user" not in text
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert len({line.replace(r"\|", "").count("|") for line in rows}) == 1


def test_csv_has_the_numbers_behind_the_board():
    lines = list(csv.DictReader(io.StringIO(csv_format.render(BOARDS))))
    assert [line["method"] for line in lines] == [row.key.method for row in BOARDS[0].rows]
    viewmaker = next(row for row in BOARDS[0].rows if row.key.method == "viewmaker")
    line = next(line for line in lines if line["method"] == "viewmaker")
    assert float(line["score"]) == pytest.approx(viewmaker.score, rel=1e-5)
    assert float(line["score low"]) == pytest.approx(viewmaker.score_interval.low, rel=1e-5)
    cell = viewmaker.cells[BOARDS[0].tasks[0].key]
    assert float(line["audio:fsdd/digit high"]) == pytest.approx(cell.interval.high, rel=1e-5)
    assert line["audio:fsdd/digit seeds"] == "5"
    assert float(line["seconds"]) == pytest.approx(viewmaker.seconds, rel=1e-5)
    assert {line["yardstick"] for line in lines if line["method"] in LEVELS} == {"yes", "no"}


def test_csv_leaves_absent_numbers_empty_and_formulas_text():
    lines = list(
        csv.DictReader(io.StringIO(csv_format.render(boards_of([result("=1+1", 0, {"a/b": 0.5})]))))
    )
    assert lines[0]["method"] == "'=1+1"
    assert lines[0]["audio:a/b"] == "0.5"
    assert lines[0]["audio:a/b low"] == lines[0]["score"] == ""


def test_json_is_the_whole_board():
    document = json.loads(json_format.render(BOARDS))
    assert [board["title"] for board in document["boards"]] == ["all domains", "audio", "sensor"]
    overall = document["boards"][0]
    row = next(r for r in overall["rows"] if r["method"] == "viewmaker")
    assert row["cells"]["sensor:hapt/person"]["runs"][4]["seed"] == 4
    assert row["rank_interval"] == list(
        next(r for r in BOARDS[0].rows if r.key.method == "viewmaker").rank_interval
    )
    contrasts = overall["contrasts"]
    assert contrasts["probability_of_improvement"][0][-1] == 1
    assert contrasts["p"][0][0] is None
    assert contrasts["critical_difference"]["friedman_p"] < 0.05
    assert contrasts["silence"] is None
    task = next(t for t in overall["tasks"] if t["name"] == "sensor:hapt/person")
    assert task["scale"]["floor_row"] == "random-init"
    assert task["uncounted"] is None
    assert row["cells"]["sensor:hapt/person"]["interval_covers"] == "seeds"


def test_terminal_table_shows_domains_first_and_the_overview_last():
    text = as_text(table.render(BOARDS))
    assert text.index("audio (small)") < text.index("sensor (small)")
    assert text.index("sensor (small)") < text.index("all domains (small)")
    assert "Tasks: digit, speaker of fsdd; keyword of speech." in text


DEMO = [
    one
    for one in study(
        {**LEVELS, "random-init-calibrated": 0.6},
        {"audio": ["spoken-digits/digit", "spoken-digits/voice"]},
        groups=3,
    )
    if one.method in {"viewmaker", "raw-features", "supervised"} or "init" in one.method
]


def table_lines(width, results=DEMO):
    text = as_text(table.render(boards_of(results)), width)
    return text.partition("Tasks:")[0].splitlines()


@pytest.mark.parametrize("seeds", [1, 5])
def test_the_demo_s_table_fits_80_columns(seeds):
    results = [one for one in DEMO if one.seed < seeds]
    lines = table_lines(80, results)
    assert max(map(len, lines)) <= 80
    (heading,) = [line for line in lines if "Method" in line]
    assert {"Rank", "Method", "Score", "digit", "voice"} <= set(heading.replace("┃", " ").split())
    # A line per row: no name and no number is broken.
    board = boards_of(results)[0]
    for row in board.rows:
        (line,) = [line for line in lines if f" {row.key.method} " in line]
        for column in board_columns(board):
            if column.task or column.key == "score":
                assert f" {column.produce(row).text} " in line
    assert any("Not shown at this width" in line for line in lines)
    assert "Objective" in "".join(table_lines(200, results))


@pytest.mark.parametrize("width", [60, 50, 40, 30, 20, 12])
def test_a_narrow_terminal_loses_columns_and_never_numbers(width):
    text = "".join("".join(table_lines(width)).split())
    board = boards_of(DEMO)[0]
    for row in board.rows:
        for column in board_columns(board):
            if column.task or column.key == "score":
                assert column.produce(row).text.partition(" ")[0] in text
    assert max(map(len, table_lines(width))) <= width


def test_two_objectives_of_one_method_stay_apart_where_their_column_is_dropped():
    results = study(
        {"random-init": 0.5, "supervised": 0.9, "viewmaker": 0.8},
        {"audio": ["a/digit", "a/voice"]},
        objectives=("simclr", "byol"),
    )
    text = "".join(table_lines(70, results))
    assert "Objective" not in text
    assert "viewmaker (simclr)" in text
    assert "viewmaker (byol)" in text


def test_an_ascii_terminal_gets_ascii():
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="strict")
    Console(file=stream, width=80, color_system=None).print(table.render(boards_of(DEMO)))
    stream.flush()
    text = stream.buffer.getvalue().decode("ascii")
    assert " +-0.0" in text
    assert "| Rank" in text


def test_terminal_table_shows_markup_as_text():
    assert "[red]x[/red]" in as_text(table.render(boards_of([result("[red]x[/red]")])))


def test_badge_is_a_shields_endpoint():
    data = json.loads(badge.render(BOARDS))
    assert data["schemaVersion"] == 1
    assert data["label"] == "vmbench all domains"
    assert data["message"].startswith("viewmaker+handcrafted (simclr) 0.7")
    assert data["color"] == "brightgreen"
    partial = [r for r in study() if (r.method, r.domain) != ("handcrafted", "audio")]
    assert json.loads(badge.render(boards_of(partial)))["color"] == "yellow"
    alone = boards_of([r for r in study() if r.method == "supervised"])
    assert json.loads(badge.render(alone))["message"] == "no complete row"


# GitHub


def test_github_says_the_verdict_first_and_folds_the_details():
    lines = github.render(BOARDS).splitlines()
    assert lines[0].startswith("## vmbench: **viewmaker+handcrafted (simclr)** leads with a score")
    text = "\n".join(lines)
    assert text.count("<details>") == text.count("</details>") == 3
    assert text.index("| Rank |") < text.index("<details>")


def test_github_names_the_rivals_that_are_not_told_apart():
    close = study({"random-init": 0.5, "supervised": 0.9, "a": 0.8, "b": 0.8, "c": 0.6})
    first = github.render(boards_of(close)).splitlines()[0]
    assert "not told apart from" in first
    assert "c (simclr)" not in first


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda r: r, ":white_check_mark: no regression (35 cells: 35 same)"),
        (
            lambda r: (
                r.model_copy(
                    update={"tasks": [t.model_copy(update={"value": 0.2}) for t in r.tasks]}
                )
                if r.method == "viewmaker"
                else r
            ),
            ":x: regression (35 cells: 5 worse, 30 same)",
        ),
    ],
)
def test_github_with_a_baseline_leads_with_its_outcome(change, says):
    head = [change(r) for r in study()]
    comparison = compare(study(), head)
    text = github.render(boards_of(head), judge(comparison.changes), comparison.notes)
    assert text.splitlines()[0] == f"## vmbench: {says}"
    assert ("| :x: worse | viewmaker (simclr) |" in text) == ("worse" in says)


@pytest.mark.parametrize(
    ("length", "tables"), [(1500, 5), (12_000, 1)], ids=["details cut", "overview cut"]
)
def test_github_stays_under_its_limit_and_says_that_it_was_cut(length, tables):
    methods = {f"method-{i:04d}-{'x' * length}": 0.5 + i / 400 for i in range(120)}
    domains = {f"domain-{i}": ["a/b"] for i in range(6)}
    many = study(methods | {"random-init": 0.4, "supervised": 0.9}, domains, seeds=[0])
    text = github.render(boards_of(many))
    assert 800_000 < len(text.encode()) <= 1024 * 1024
    assert "Cut to stay under GitHub's limit" in text
    assert text.count("| Rank |") == tables
    assert text.count("<details>") == text.count("</details>")
    assert "Cut to stay" not in github.render(BOARDS)


# HTML, as far as it can be judged without a browser


def test_html_holds_no_address_and_no_live_markup_from_a_result():
    page = html.render(boards_of([result(NASTY, command=NASTY), result("b", objective=NASTY)]))
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
    assert page.count("<script") == 2  # the data and the page's own
    assert 'src="' not in page
    assert "default-src 'none'" in page


def test_html_without_jinja2_names_the_extra(monkeypatch):
    import sys

    from vmbench.errors import UserError

    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(UserError, match=r"pip install 'vmbench\[leaderboard\]'"):
        html.render(BOARDS)


def test_html_of_boards_without_scores_or_rows_is_still_a_page():
    page = html.render(boards_of([result("a", 0, {"x/y": 1}), result("b", 0, {"x/z": 1})]))
    assert "<b>Missing</b> from a (simclr): audio:x/z." in page
    assert "<figure" not in page
