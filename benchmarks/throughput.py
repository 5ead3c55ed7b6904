"""How fast runs trained, from their ``metrics.jsonl``: first and second epoch, share of loading.

    python benchmarks/throughput.py runs/*/

The first epoch of a fresh cache reads from the disk, the second from memory. Loading is the time in
which the training loop waited for batches; epochs end between two lines of the log, so times are
interpolated.
"""

import json
import sys
from pathlib import Path

import numpy as np


def row(run: Path) -> str:
    """A Markdown row of one run; its method must have trained for two epochs at least."""
    result = json.loads((run / "result.json").read_text())
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    steps = [0, *(line["step"] for line in lines)]
    seconds = [0.0, *(line["seconds"] for line in lines)]
    pretrain = result["pretrain"]
    per_epoch = pretrain["steps"] // pretrain["epochs"]
    first, second = np.diff(np.interp([0, per_epoch, 2 * per_epoch], steps, seconds))
    batch = result["config"]["batch_size"]
    loading = lines[-1]["loading_seconds"] / lines[-1]["seconds"]
    return (
        f"| {pretrain['dataset']} | {result['method']} | {pretrain['n_examples']:,} "
        f"| {per_epoch * batch / first:.0f} | {per_epoch * batch / second:.0f} | {loading:.2%} |"
    )


if __name__ == "__main__":
    print("| dataset | method | examples | epoch 1, examples/s | epoch 2 | loading |")
    print("|---|---|---|---|---|---|")
    for name in sys.argv[1:]:
        print(row(Path(name)))
