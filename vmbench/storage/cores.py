"""How many cores this process may use."""

import os


def usable_cores() -> int:
    """Those that the scheduler grants it, not all that the machine has.

    >>> usable_cores() >= 1
    True
    """
    affinity = getattr(os, "sched_getaffinity", None)  # Linux alone has it
    return len(affinity(0)) if affinity else os.cpu_count() or 1
