"""What this room registers; importing this imports none of it."""

from vmbench.scan import entries

ENTRIES = entries("vmbench_baselines", "vmbench")
