"""The committed board: ``README.md`` and ``index.html``, generated from ``results/`` beside them.

``python -m vmbench_leaderboard.committed`` writes them (``make pages``), and with ``--check`` says
which are stale and exits with 1, so that nobody edits or forgets them. ``--from RUNS`` takes the
results of a folder of runs first (``make board``, after the sweep over ``grid.toml``).
"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from vmbench.errors import UserError
from vmbench.results import Result
from vmbench.storage.atomic import write_atomically
from vmbench_leaderboard.board import build_boards
from vmbench_leaderboard.load import load
from vmbench_leaderboard.render import html, markdown
from vmbench_leaderboard.wording import counted

FOLDER = Path("leaderboard")
RESULTS = "results"
README, PAGE = "README.md", "index.html"

PREFACE = """\
# The committed board

Every number below is computed from the {runs} in [`{results}/`]({results}), one JSON file each, as
`vmbench run` wrote it. `make board` carries out [`grid.toml`](grid.toml) and writes this file and
[`{page}`]({page}), the same board as one page that sorts, filters and opens each cell to its runs;
CI fails when they are stale.

<details><summary>The commands that made the results ({commands})</summary>

{listing}

</details>
"""


def generate(folder: Path) -> dict[str, str]:
    """The text of each generated file, by name; empty where ``folder`` holds no results.

    Raises:
        UserError: results that may not share a board.
        SchemaError: a result file that breaks the schema.
    """
    results = folder / RESULTS
    if not any(results.rglob("*.json")):
        return {}
    loaded = load([results]).results
    boards = build_boards(loaded)
    commands = list_commands(loaded)
    preface = PREFACE.format(
        runs=counted(len(loaded), "run"),
        commands=counted(len(commands), "line"),
        results=RESULTS,
        page=PAGE,
        listing="\n".join(["<pre>", *(escape(line) for line in commands), "</pre>"]),
    )
    return {README: f"{preface}\n{markdown.render(boards)}", PAGE: html.render(boards)}


def list_commands(results: Iterable[Result]) -> list[str]:
    """The commands, sorted; those that differ only in their seed share a line, a shell loop."""
    seeds: dict[str, set[int]] = defaultdict(set)
    single: dict[str, str] = {}
    for result in results:
        command = " ".join(result.command.split())
        seed = f"--seed {result.seed}"
        # A command without --seed stands for itself: seed 0 is the default.
        pattern = " ".join(f"{command} ".replace(f"{seed} ", "--seed $seed ", 1).split())
        seeds[pattern].add(result.seed)
        single[pattern] = command
    return [
        f"for seed in {' '.join(map(str, sorted(found)))}; do {pattern}; done"
        if len(found) > 1
        else single[pattern]
        for pattern, found in sorted(seeds.items())
    ]


def stale(folder: Path) -> list[Path]:
    """The generated files in ``folder`` that are missing, outdated, or left without results."""
    expected = generate(folder)
    found = []
    for name in (README, PAGE):
        path = folder / name
        text = path.read_text(encoding="utf-8") if path.exists() else None
        if text != expected.get(name):
            found.append(path)
    return found


def write(folder: Path) -> list[Path]:
    """Write the generated files and return them; raises :class:`UserError` without results."""
    texts = generate(folder)
    if not texts:
        raise UserError(f"no results in {folder / RESULTS}: copy result files there first")
    for name, text in texts.items():
        write_atomically(folder / name, text)
    return [folder / name for name in texts]


def take(runs: Path, folder: Path) -> None:
    """Make ``folder``'s results those of ``runs``, one file each, and no others."""
    found = load([runs]).results
    results = folder / RESULTS
    results.mkdir(exist_ok=True)
    for old in results.glob("*.json"):
        old.unlink()
    for result in found:
        result.write(results / f"{result.run_id}.json")


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0, 1 where ``--check`` finds a stale file, 2 for results that make no board."""
    parser = argparse.ArgumentParser(prog="vmbench_leaderboard.committed", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=FOLDER)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if stale")
    parser.add_argument("--from", type=Path, dest="runs", help="take the results of these runs")
    options = parser.parse_args(arguments)
    try:
        if options.runs is not None:
            take(options.runs, options.folder)
        if not options.check:
            for path in write(options.folder):
                print(path)
            return 0
        outdated = stale(options.folder)
    except UserError as error:
        print(f"vmbench: {error}", file=sys.stderr)
        return 2
    for path in outdated:
        print(f"vmbench: {path} is stale: run 'make pages' and commit it", file=sys.stderr)
    return 1 if outdated else 0


if __name__ == "__main__":
    sys.exit(main())
