"""kill -9 at random moments: the same command goes on and ends in the same values, bit for bit.

Each case kills a process of ``vmbench run`` and gives the same command again. Half of the kills
come after a random time; the others at a random one of the moments at which the process opens,
renames or removes a file (cache, checkpoint, weights, records, result), where little stands between
whole and half. Objectives and methods take turns: bank, queue, averages, prototypes, learned views.

    python benchmarks/kills.py            # 20 kills
    python benchmarks/kills.py 4 --seed 1
"""

import argparse
import hashlib
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

COMMAND = ("run", "--domain", "{domain}", "--preset", "smoke", "--quiet")
SAVING = ("--set", "checkpoint_minutes=1e-9")  # after every step
CASES = (
    ("tabular", "viewmaker", "simclr"),
    ("tabular", "viewmaker", "instdisc"),
    ("tabular", "handcrafted", "moco"),
    ("sensor", "viewmaker", "byol"),
    ("tabular", "handcrafted", "swav"),
    ("tabular", "supervised", "simclr"),
)
TOY = (("toy", "viewmaker", "instdisc"),)
EVENTS = {"open", "os.rename", "os.remove", "os.link", "os.mkdir", "os.rmdir", "shutil.rmtree"}


def start(case: tuple[str, str, str], folder: Path, die_at: int = 0) -> int:
    """The process id of a run; it kills itself at its ``die_at``-th touch of a file of its own.

    A fork of this process, which has imported everything: the moments are all the run's own.
    """
    pid = os.fork()
    if pid:
        return pid
    domain, method, objective = case
    os.environ["VMBENCH_CACHE"] = str(folder / "cache")
    seen = 0

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal seen
        if event in EVENTS and str(arguments[0]).startswith(str(folder)):
            if event == "open" and not (isinstance(arguments[1], str) and arguments[1][0] in "wa"):
                return
            seen += 1
            if seen == die_at:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    from vmbench.cli import invoke

    words = [word.format(domain=domain) for word in (*COMMAND, *SAVING)]
    words += ["--method", method, "--out", str(folder / "runs")]
    if method != "supervised":
        words += ["--objective", objective]
    code = 1
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    try:
        code = invoke(words)
    finally:
        if not die_at:
            (folder.parent / f"{folder.name}.touches").write_text(str(seen))
        os._exit(code)


def ended(pid: int) -> int:
    """The exit code; minus the signal."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def left(folder: Path) -> tuple[Any, dict[str, str]]:
    """The result's values, and a digest of every file of weights."""
    from vmbench.results import read_result

    (path,) = (folder / "runs").glob("*/result.json")
    weights = {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted((folder / "runs").glob("pretrainings/*/*.safetensors"))
    }
    return read_result(path).values(), weights


def reached(folder: Path) -> str:
    """Where the run was when it was killed."""
    runs = folder / "runs"
    for pattern, name in (
        ("*/result.json", "written"), ("pretrainings/*/training.json", "readout and probe"),
        ("pretrainings/*/encoder.safetensors", "weights"),
        ("pretrainings/*/.*.tmp", "in a checkpoint"),
        ("pretrainings/*/*.state.safetensors", "training"), ("*/config.json", "cache"),
    ):  # fmt: skip
        if list(runs.glob(pattern)):
            return name
    return "start"


def main(kills: int, seed: int, cases: tuple[tuple[str, str, str], ...] = CASES) -> int:
    """Exit code 1 where any run did not come to the same."""
    for module in ("vmbench.runs.runner", "datasets", "sklearn.linear_model", "matplotlib.pyplot"):
        __import__(module)
    draw, failures, killed = random.Random(seed), 0, 0
    wholes: dict[tuple[str, str, str], Any] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for number in range(kills):
            case = cases[number % len(cases)]
            if case not in wholes:
                folder = Path(scratch, "whole-" + "-".join(case))
                folder.mkdir()
                began = time.monotonic()
                assert ended(start(case, folder)) == 0, case
                touches = int(Path(scratch, f"{folder.name}.touches").read_text())
                wholes[case] = left(folder), time.monotonic() - began, touches
            expected, seconds, touches = wholes[case]
            folder = Path(scratch, str(number))
            folder.mkdir()
            if number % 2:
                at = draw.randrange(1, touches + 1)
                moment, pid = f"touch {at} of {touches}", start(case, folder, at)
            else:
                after = draw.uniform(0.02, 0.98) * seconds
                moment, pid = f"{after:.2f} of {seconds:.2f} s", start(case, folder)
                time.sleep(after)
                os.kill(pid, signal.SIGKILL)
            code, where = ended(pid), reached(folder)
            killed += code == -signal.SIGKILL
            again = ended(start(case, folder))
            same = again == 0 and left(folder) == expected
            rest = [p for p in folder.rglob("*") if p.name.endswith((".tmp", ".state.safetensors"))]
            failures += not same or bool(rest)
            said = "equal" if same else f"DIFFERENT (exit {again})"
            print(number, *case, moment, f"({where}):", said, *rest, flush=True)
            shutil.rmtree(folder)
    print(f"{killed} of {kills} killed, {kills - failures} ended in the same values and weights")
    return int(failures > 0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("kills", type=int, nargs="?", default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--toy", action="store_true", help="the tests' own tiny domain alone")
    asked = parser.parse_args()
    if asked.toy:
        sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
        __import__("toy").register()
    sys.exit(main(asked.kills, asked.seed, TOY if asked.toy else CASES))
