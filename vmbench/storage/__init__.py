"""Files that outlast a process: the cache, locks, names by contents, full disks."""
