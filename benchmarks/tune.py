"""How ``small`` was chosen: equally long searches for both kinds of views and the ceiling, on val.

    python benchmarks/tune.py audio viewmaker >> benchmarks/tuning.jsonl
    python benchmarks/tune.py audio handcrafted >> benchmarks/tuning.jsonl
    python benchmarks/tune.py audio supervised >> benchmarks/tuning.jsonl
    python benchmarks/tune.py sensor viewmaker --set lr=0.004 epochs=4 --seed 101   # one more trial
    python benchmarks/tune.py --table benchmarks/tuning.jsonl

Each (domain, method) gets :data:`TRIALS` trials at a third of the preset's epochs. The first is the
preset as it was before the search; the others are points of one Sobol sequence, so that both
methods try the same rates, batch sizes and temperatures, each beside as many values of its own
strength. The supervised ceiling tries as many rates and batch sizes, half, one and one and a half
times the epochs, and the handcrafted views at some strength as augmentation, or none. The best
:data:`FINALISTS` run at full length with another seed, which decides.
Only ``probe.val_value`` is read and printed; the committed board has seeds (0, 1 ...) that are not
used here.
"""

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import fmean
from typing import Any

from scipy.stats import qmc

import vmbench
from vmbench.config import parse_assignments
from vmbench.runs.request import RunRequest

TRIALS, FINALISTS = 8, 2
SEED, FINAL_SEED = 100, 101
# Epochs of a trial and of a finalist.
EPOCHS = {
    "audio": (2, 6),
    "image": (4, 12),
    "sensor": (4, 12),
    "tabular": (10, 30),
    "medical": (4, 12),
}
BEFORE: dict[str, dict[str, Any]] = {
    "audio": {"batch_size": 64, "methods.epsilon": 0.05, "methods.strength": 0.5},
    "image": {"methods.epsilon": 0.05},
    "sensor": {"batch_size": 64, "methods.epsilon": 0.05},
    "tabular": {"lr": 5e-4, "methods.lr": 1e-3, "methods.epsilon": 0.3},
    "medical": {"methods.epsilon": 0.15},
}
SUPERVISED_EPOCHS = {**EPOCHS, **dict.fromkeys(("image", "sensor", "medical"), (3, 10))}
Scale = Callable[[float], Any]


def log_scale(low: float, high: float) -> Scale:
    """Two digits of a log-uniform draw."""
    return lambda share: float(f"{low * (high / low) ** share:.1e}")


def augmentation(share: float) -> dict[str, Any]:
    """No augmentation, or the handcrafted views at a log-uniform strength, equally often."""
    if share < 0.5:
        return {"supervised.augmentation": None}
    strength = log_scale(0.25, 1.5)(2 * share - 1)
    return {"supervised.augmentation": "handcrafted", "methods.strength": strength}


def spaces(domain: str) -> dict[str, dict[str, Scale]]:
    """What is drawn: for ``both`` methods, and for each alone."""
    largest = 256 if domain == "tabular" else 128
    return {
        "both": {
            "lr": log_scale(2e-4, 4e-3),
            "batch_size": lambda share: [largest // 4, largest // 2, largest][int(3 * share)],
            "objectives.temperature": log_scale(0.05, 0.5),
        },
        "viewmaker": {
            "methods.epsilon": log_scale(0.02, 0.5),
            "methods.lr": log_scale(3e-4, 1e-2),
        },
        "handcrafted": {"methods.strength": log_scale(0.25, 1.5)},
        "supervised": {
            "epochs": lambda share: (0.5, 1.0, 1.5)[int(3 * share)],  # of the preset's
            "supervised.augmentation": augmentation,
        },
        "random-init": {},
        "raw-features": {},
    }


def trials(domain: str, method: str) -> list[dict[str, Any]]:
    """The settings that are tried, ``epochs`` as a share; none but the preset's for a floor."""
    space = spaces(domain)
    own = space[method]
    before = {
        "lr": 1e-3,
        "batch_size": 128,
        "objectives.temperature": 0.2,
        "methods.lr": 3e-3,
        "methods.strength": 1.0,
        "epochs": 1.0,
        "supervised.augmentation": None,
        **BEFORE[domain],
    }
    if not own:
        return [{}]
    points = qmc.Sobol(5, rng=0).random(TRIALS)[1:]
    searched = space["both"] | own
    if method == "supervised":
        del searched["objectives.temperature"]  # cross-entropy has none
    drawn = []
    for point in points:
        settings: dict[str, Any] = {}
        for (key, scale), share in zip(searched.items(), point, strict=False):
            value = scale(share)
            settings |= value if isinstance(value, dict) else {key: value}
        drawn.append(settings)
    return [{key: before[key] for key in searched}, *drawn]


def measure(
    domain: str, method: str, settings: dict[str, Any], seed: int, epochs: int, out: str
) -> dict[str, Any]:
    """One run; its mean over the tasks on val."""
    started = time.perf_counter()
    result = vmbench.run(
        domain, method, seed=seed, settings={**settings, "epochs": epochs}, out=out, overwrite=True
    )
    values = {f"{t.dataset}/{t.task}": round(t.probe.val_value, 4) for t in result.tasks}
    return {
        "domain": domain,
        "method": method,
        "settings": settings,
        "epochs": epochs,
        "seed": seed,
        "val_mean": round(fmean(values.values()), 4),
        "val": values,
        "loss": result.pretrain.final_loss,
        "seconds": round(time.perf_counter() - started),
    }


def search(domain: str, method: str, out: str) -> Iterator[dict[str, Any]]:
    """Every trial, then every finalist; a floor has but one setting."""
    short, full = (SUPERVISED_EPOCHS if method == "supervised" else EPOCHS)[domain]

    def run(trial: dict[str, Any], seed: int, epochs: int) -> dict[str, Any]:
        settings = {key: value for key, value in trial.items() if key != "epochs"}
        share = trial.get("epochs", 1.0)
        return measure(domain, method, settings, seed, max(1, round(share * epochs)), out)

    tried = trials(domain, method)
    if len(tried) > 1:
        found = []
        for trial in tried:
            line = run(trial, SEED, short)
            found.append((line["val_mean"], trial))
            yield line
        tried = [trial for _, trial in sorted(found, key=lambda each: -each[0])[:FINALISTS]]
    for trial in tried:
        yield run(trial, FINAL_SEED, full)


def _is_small(domain: str, method: str, settings: dict[str, Any]) -> bool:
    """Whether ``settings`` are those of the preset."""
    return not RunRequest(domain=domain, method=method, settings=settings).resolve().overrides


def table(lines: list[dict[str, Any]]) -> str:
    """A Markdown row per domain, method, settings and epochs: val in percent, seed by seed."""
    found: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for line in sorted(lines, key=lambda line: (line["domain"], line["method"])):
        domain, method, tried = line["domain"], line["method"], line["settings"]
        ours = tried and _is_small(domain, method, tried | {"epochs": line["epochs"]})
        described = ", ".join(f"{key} {value}" for key, value in tried.items())
        epochs = str(line["epochs"]) if tried else ""
        remarks = ["`small`"] if ours else []
        remarks += [line["note"]] if "note" in line else []
        row = (domain, method, described, epochs, "; ".join(remarks))
        found[row].append(f"{100 * line['val_mean']:.1f} ({line['seed']})")
    rows = ["| domain | method | settings | epochs | val (seed) | |", "|---|---|---|---|---|---|"]
    for (domain, method, described, epochs, remark), values in found.items():
        cells = (domain, method, described, epochs, ", ".join(values), remark)
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def main() -> None:
    """Print a JSON line per run, or the table of lines printed before."""
    parser = argparse.ArgumentParser()
    parser.add_argument("domain", nargs="?", choices=EPOCHS)
    parser.add_argument("method", nargs="?", choices=spaces("audio").keys() - {"both"})
    parser.add_argument("--out", default="runs/tune")
    parser.add_argument("--table", type=Path, metavar="JSONL")
    parser.add_argument("--set", nargs="+", metavar="KEY=VALUE", help="one trial of these alone")
    parser.add_argument("--seed", type=int, default=SEED, help="of that trial")
    parser.add_argument("--note", help="kept with every line: what in the code is new")
    options = parser.parse_args()
    if options.table:
        print(table([json.loads(line) for line in options.table.read_text().splitlines()]))
        return
    note = {"note": options.note} if options.note else {}
    if options.set:
        asked = parse_assignments(options.set)
        request = RunRequest(domain=options.domain, method=options.method, settings=asked)
        plan = request.resolve()  # converts the types
        settings = {key: v for key, v in plan.request.settings.items() if key != "epochs"}
        epochs = plan.config.epochs
        one = measure(options.domain, options.method, settings, options.seed, epochs, options.out)
        print(json.dumps(one | note))
        return
    for line in search(options.domain, options.method, options.out):
        print(json.dumps(line | note), flush=True)


if __name__ == "__main__":
    main()
