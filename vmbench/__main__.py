"""``python -m vmbench`` is the same command."""

from vmbench.cli import main

if __name__ == "__main__":
    main()
