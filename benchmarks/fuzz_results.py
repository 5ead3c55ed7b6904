"""Damaged result files: ``leaderboard`` shows a board or says exit code 5 in one line.

Each case takes a committed result, changes its JSON (a value, a type, a key) or its bytes, and
calls ``vmbench leaderboard COMMAND`` on it.

    python benchmarks/fuzz_results.py 6000
"""

import contextlib
import io
import json
import random
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from fuzz_files import damage

from vmbench.cli import invoke
from vmbench.results import Result, SchemaError, read_result

RESULTS = sorted(Path(__file__).parents[1].glob("leaderboard/results/*.json"))
VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 2, 1e308, -1e-320, 10**30, float("nan"), float("inf"), "", "x" * 5000,
    "\x00", "\u202e<script>alert(1)</script>", "../../../etc/passwd", [], {}, [[]], {"": None},
    [1] * 300,
)  # fmt: skip


def places(node: Any) -> list[tuple[Any, Any]]:
    """(container, key) of every value below ``node``."""
    keys = (
        list(node) if isinstance(node, dict) else range(len(node) if isinstance(node, list) else 0)
    )
    found = [(node, key) for key in keys]
    return found + [each for key in keys for each in places(node[key])]


def change(document: Any, draw: random.Random) -> None:
    """One thing about ``document`` is made another."""
    container, key = draw.choice(places(document))
    kind = draw.randrange(5)
    if kind == 0:
        del container[key]
    elif kind == 1 and isinstance(container, dict):
        container[f"{key}{draw.choice(VALUES)}"[:40]] = draw.choice(VALUES)
    elif kind == 2 and isinstance(container[key], int | float):
        container[key] = container[key] * draw.choice((-1, 0, 1 + 1e-9, 1e6, 0.5))
    elif kind == 3:
        other, name = draw.choice(places(document))
        container[key] = json.loads(json.dumps(other[name]))
    else:
        container[key] = draw.choice(VALUES)


def content(seed: int) -> bytes:
    """The damaged file of a case."""
    draw = random.Random(seed)
    text = draw.choice(RESULTS).read_bytes()
    if draw.random() < 0.3:
        return damage(text, draw)
    document = json.loads(text)
    for _ in range(draw.choice((1, 1, 1, 3))):
        change(document, draw)
    return json.dumps(document).encode(errors="surrogatepass")


def case(seed: int, folder: Path) -> str:
    """The exit code, 5 or 0, or else what it must not come to."""
    path = folder / "result.json"
    path.write_bytes(content(seed))
    try:
        valid = isinstance(read_result(path), Result)
    except SchemaError:
        valid = False
    except Exception as error:
        return f"reading: {type(error).__name__}: {error}"
    command = ("show", "export --format html --out -", "export --format csv --out -")[seed % 3]
    if not valid and seed % 20:
        return "5"  # what every command says of it; some are asked
    said, board = io.StringIO(), io.StringIO()
    words = command.replace("--out -", f"--out {folder / 'board'}").split()
    try:
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(board):
            code = invoke(["leaderboard", words[0], str(folder / "result.json"), *words[1:]])
    except Exception as error:
        return f"{command}: {type(error).__name__}: {error}"
    if code == (0 if valid else 5) and "Traceback" not in said.getvalue():
        return str(code)
    return f"{command}: code {code}: {said.getvalue().strip()[:300]}"


def fuzz(cases: int, first_seed: int = 0) -> tuple[Counter[str], list[str]]:
    """Outcomes of ``cases``, and what must not be."""
    outcomes: Counter[str] = Counter()
    faults = []
    with tempfile.TemporaryDirectory() as scratch:
        for seed in range(first_seed, first_seed + cases):
            outcome = case(seed, Path(scratch))
            outcomes[outcome if outcome in ("0", "5") else "faults"] += 1
            if outcome not in ("0", "5"):
                faults.append(f"{seed}: {outcome}")
    return outcomes, faults


if __name__ == "__main__":
    counts, found = fuzz(int(sys.argv[1]))
    print(dict(counts), *found[:40], sep="\n")
    sys.exit(bool(found))
