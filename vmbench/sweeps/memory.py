"""Memory of this machine, or of the container that the process is in, where Linux tells it."""

import contextlib
from pathlib import Path

MEMINFO = Path("/proc/meminfo")
GROUP = Path("/sys/fs/cgroup")


def available() -> float | None:
    """Bytes that could be allocated without swapping; None where nobody tells."""
    try:
        lines = MEMINFO.read_text().splitlines()
        values = dict(line.split(":", 1) for line in lines)
        free = float(values["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return None
    with contextlib.suppress(OSError, ValueError):  # "max" is no number: no limit
        limit = float((GROUP / "memory.max").read_text())
        used = float((GROUP / "memory.current").read_text())
        statistics = dict(line.split() for line in (GROUP / "memory.stat").read_text().splitlines())
        free = min(free, limit - used + float(statistics.get("inactive_file", 0)))
    return free


def resident(pid: int) -> float:
    """Bytes of a process that are in memory; 0 where it is gone or nobody tells."""
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return float(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    return 0.0
