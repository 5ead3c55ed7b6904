"""What this room registers; importing it imports no adapter and no package that carries data."""

from vmbench.scan import entries

ENTRIES = entries("vmbench_domains", "vmbench")
