"""A badge: JSON for https://shields.io/badges/endpoint-badge, served from a file."""

import json
from collections.abc import Sequence

from vmbench_leaderboard.board import Board

COMPLETE, PARTIAL = "brightgreen", "yellow"


def render(boards: Sequence[Board]) -> str:
    """Who leads, by how much, and whether cells are missing (yellow)."""
    board = boards[0]
    contenders = [row for row in board.ranked if not row.yardstick]
    missing = sum(len(row.missing) for row in board.rows)
    if contenders:
        best = contenders[0]
        score = f" {best.score:.2f}" if best.score is not None else ""
        message = f"{best.key}{score}"
    else:
        message = "no complete row"
    data = {
        "schemaVersion": 1,
        "label": f"vmbench {board.title}",
        "message": message,
        "color": PARTIAL if missing or not contenders else COMPLETE,
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"
