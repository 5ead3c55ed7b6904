"""``python -m vmbench.sweeps.worker``: the process of one job of the local launcher.

It reads its order from the first line of stdin and writes its outcome to stdout; stderr is its
log. When stdin ends, whoever started it is gone, and it stops as at a Ctrl-C.
"""

import json
import os
import signal
import sys
import threading
from dataclasses import asdict


def main() -> None:
    """See the module."""
    line = sys.stdin.readline()
    outcome = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no outcome
    threading.Thread(target=_watch, daemon=True).start()
    from vmbench.sweeps.work import Order, work

    json.dump(asdict(work(Order.model_validate_json(line))), outcome)
    outcome.close()


def _watch() -> None:
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGINT)


if __name__ == "__main__":
    main()
