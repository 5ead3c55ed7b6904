"""How the ``small`` preset was chosen: settings compared on val, the same budget for each method.

    python benchmarks/tune.py audio --variants benchmarks/tune-audio.json --seed 100

A variant is a table of settings. Only ``probe.val_value`` is read; the seeds of the committed board
(0, 1, 2 ...) are not used here, and no test value is printed.
"""

import argparse
import json
import time
from pathlib import Path

import vmbench


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("domain")
    parser.add_argument("--variants", type=Path, help="JSON list of settings")
    parser.add_argument("--variant", action="append", default=[], help="settings as JSON")
    parser.add_argument("--method", action="append", default=[])
    parser.add_argument("--seed", type=int, default=100)
    parser.add_argument("--pretrain")
    parser.add_argument("--out", default="runs/tune")
    options = parser.parse_args()
    variants = [json.loads(text) for text in options.variant]
    variants += json.loads(options.variants.read_text()) if options.variants else []
    for settings in variants or [{}]:
        for method in options.method or ["random-init", "handcrafted", "viewmaker"]:
            started = time.perf_counter()
            result = vmbench.run(options.domain, method, seed=options.seed, settings=settings,
                                 pretrain=options.pretrain, out=options.out)
            values = {f"{t.dataset}/{t.task}": round(t.probe.val_value, 4) for t in result.tasks}
            mean = sum(values.values()) / len(values)
            print(json.dumps({
                "method": method, "settings": settings, "val_mean": round(mean, 4), "val": values,
                "loss": result.pretrain.final_loss, "seconds": round(time.perf_counter() - started),
            }), flush=True)


if __name__ == "__main__":
    main()
