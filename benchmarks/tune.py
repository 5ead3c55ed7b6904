"""How the ``small`` preset was chosen: one strength per kind of view, the same trials for each.

    python benchmarks/tune.py audio sensor --seed 100 >> benchmarks/tuning.jsonl
    python benchmarks/tune.py --table benchmarks/tuning.jsonl

Learned views are tried at :data:`TRIALS` budgets ``epsilon`` and the domain's handcrafted views at
as many values of ``strength``, with everything else alike. Only ``probe.val_value`` is read; the
seeds of the committed board (0, 1, 2 ...) are not used here, and no test value is printed.
"""

import argparse
import json
import time
from collections import defaultdict
from pathlib import Path
from statistics import fmean
from typing import Any

import vmbench

# About half the epochs of ``small``: twice as many trials for the time.
EPOCHS = {"image": 4, "audio": 3, "sensor": 5, "tabular": 10, "medical": 4}
TRIALS: dict[str, tuple[str, tuple[float, ...]]] = {
    "viewmaker": ("epsilon", (0.05, 0.15, 0.5)),
    "handcrafted": ("strength", (0.5, 1.0, 1.5)),
}
FLOORS = ("raw-features", "random-init")


def trials() -> list[tuple[str, dict[str, Any]]]:
    """Every (method, settings) of a domain: floors once, each kind of view equally often."""
    tried: list[tuple[str, dict[str, Any]]] = [(method, {}) for method in FLOORS]
    for method, (key, values) in TRIALS.items():
        tried += [(method, {key: value}) for value in values]
    return tried


def measure(
    domain: str, method: str, settings: dict[str, Any], seed: int, out: str
) -> dict[str, Any]:
    """One run; its mean over the tasks on val."""
    started = time.perf_counter()
    result = vmbench.run(
        domain, method, seed=seed, settings={**settings, "epochs": EPOCHS[domain]}, out=out
    )
    values = {f"{t.dataset}/{t.task}": round(t.probe.val_value, 4) for t in result.tasks}
    return {
        "domain": domain,
        "method": method,
        "settings": settings,
        "seed": seed,
        "val_mean": round(fmean(values.values()), 4),
        "val": values,
        "loss": result.pretrain.final_loss,
        "seconds": round(time.perf_counter() - started),
    }


def table(lines: list[dict[str, Any]]) -> str:
    """A Markdown row per domain and method: val in percent, mean over seeds, for each setting."""
    found: dict[tuple[str, str], dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for line in lines:
        tried = ", ".join(f"{key} {value:g}" for key, value in line["settings"].items())
        found[line["domain"], line["method"]][tried].append(100 * line["val_mean"])
    rows = ["| domain | method | val, by setting | best |", "|---|---|---|---|"]
    for (domain, method), settings in found.items():
        means = {tried: fmean(values) for tried, values in settings.items()}
        best = max(means, key=lambda tried: means[tried])
        shown = "; ".join(
            f"{tried}: {mean:.1f}".removeprefix(": ") for tried, mean in means.items()
        )
        rows.append(f"| {domain} | {method} | {shown} | {best} |")
    return "\n".join(rows)


def main() -> None:
    """Print one JSON line per trial, or the table of lines printed before."""
    parser = argparse.ArgumentParser()
    parser.add_argument("domains", nargs="*", default=list(EPOCHS))
    parser.add_argument("--seed", type=int, default=100)
    parser.add_argument("--out", default="runs/tune")
    parser.add_argument("--table", type=Path, metavar="JSONL")
    options = parser.parse_args()
    if options.table:
        print(table([json.loads(line) for line in options.table.read_text().splitlines()]))
        return
    for domain in options.domains:
        for method, settings in trials():
            print(
                json.dumps(measure(domain, method, settings, options.seed, options.out)), flush=True
            )


if __name__ == "__main__":
    main()
