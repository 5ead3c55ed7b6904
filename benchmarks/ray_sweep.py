"""A sweep on a two-node Ray cluster of 127.0.0.1, of which one node is killed on the way.

    python benchmarks/ray_sweep.py OUT [--domain tabular] [--seeds 2] [--epochs 3]

Starts the cluster, the sweep as a user's command, waits until both nodes train, kills one with all
its processes, and checks that every run of the grid arrived exactly once. Needs the extra ``ray``.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--domain", default="tabular")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=3)
    options = parser.parse_args()

    from ray.cluster_utils import Cluster

    cluster = Cluster()
    cluster.add_node(num_cpus=1, include_dashboard=False)
    doomed = cluster.add_node(num_cpus=1)
    cluster.wait_for_nodes()
    print(f"two nodes at {cluster.address}", flush=True)

    def sweep(*more: str) -> list[str]:
        return [
            *(sys.executable, "-m", "vmbench", "sweep", "--domain", options.domain),
            *("--method", "viewmaker", "--method", "random-init", "--preset", "smoke"),
            *("--seeds", str(options.seeds), "--set", f"epochs={options.epochs}"),
            *("--set", "checkpoint_minutes=0.02", "--out", str(options.out), *more),
        ]

    process = subprocess.Popen(sweep("--launcher", "ray", "--address", cluster.address))
    training: list[Path] = []
    while len(training) < 2 and process.poll() is None:
        training = list(options.out.glob("pretrainings/*/metrics.jsonl"))
        time.sleep(0.1)
    cluster.remove_node(doomed, allow_graceful=False)
    print(f"killed a node while {len(training)} pretrainings were in work", flush=True)
    code = process.wait()
    cluster.shutdown()

    results = [json.loads(path.read_text()) for path in options.out.glob("*/result.json")]
    cells = [(result["method"], result["seed"]) for result in results]
    wanted = [(m, s) for m in ("random-init", "viewmaker") for s in range(options.seeds)]
    print(f"exit code {code}; arrived: {sorted(cells)}")
    assert code == 0
    assert sorted(cells) == wanted
    for log in options.out.glob("pretrainings/*/metrics.jsonl"):
        steps = [json.loads(line)["step"] for line in log.read_text().splitlines()]
        assert steps == sorted(set(steps)), f"{log}: a step was trained twice"
    planned = subprocess.run(
        sweep("--dry-run", "--json", "--quiet"), capture_output=True, text=True
    )
    assert json.loads(planned.stdout)["jobs"] == []
    print("every run of the grid exactly once, and nothing is left to do")


if __name__ == "__main__":
    main()
