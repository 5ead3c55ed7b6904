"""A GitHub job summary or pull-request comment: the verdict first, the details folded.

GitHub drops a job summary of more than 1 MiB without a word, so the text is cut before that.
"""

from collections.abc import Sequence

from vmbench_leaderboard.board import Board
from vmbench_leaderboard.cells import Row
from vmbench_leaderboard.check import Judged
from vmbench_leaderboard.columns import board_columns, overview_columns
from vmbench_leaderboard.render.changes import HEADINGS, by_severity, fields, rests_on, verdict
from vmbench_leaderboard.render.markdown import escape, footnote, remarks, table

LIMIT = 1024 * 1024
# Room for the note that says what was cut.
RESERVE = 1024
MARKS = {"worse": ":x:", "missing": ":warning:", "better": ":arrow_up:", "new": ":new:"}


def render(
    boards: Sequence[Board], judged: Sequence[Judged] | None = None, notes: Sequence[str] = ()
) -> str:
    """The summary.

    Args:
        boards: the boards of the results at hand.
        judged: their comparison with a baseline, if there is one.
        notes: what else differs from the baseline.
    """
    parts = [f"## vmbench: {headline(boards[0], judged)}", ""]
    if judged is not None:
        parts += _changes(judged, notes)
    parts += [table(boards[0], overview_columns(boards)), ""]
    parts += _folded(f"Missing cells and notes ({len(remarks(boards[0]))})", _list(boards[0]))
    head = "\n".join(parts)
    sections = [
        "\n".join(
            _folded(f"{escape(board.title)}, task by task", table(board, board_columns(board)))
        )
        for board in boards[1:]
    ]
    sections.append(f"\n<sub>{footnote()}</sub>\n")
    return _within_limit(head, sections)


def headline(board: Board, judged: Sequence[Judged] | None) -> str:
    """The verdict in a line: regressions where there is a baseline, else who leads."""
    if judged is not None:
        outcomes = {one.outcome for one in judged}
        if "worse" in outcomes:
            return f":x: regression ({verdict(judged)})"
        if "missing" in outcomes:
            return f":warning: missing cells ({verdict(judged)})"
        return f":white_check_mark: no regression ({verdict(judged)})"
    contenders = [row for row in board.ranked if not row.yardstick]
    if not contenders:
        return ":warning: no complete row"
    best = contenders[0]
    rivals = [row for row in contenders[1:] if _may_be_as_good(row, best)]
    lead = f"**{escape(str(best.key))}** leads"
    if best.score is not None:
        lead += f" with a score of {best.score:.2f}"
    if rivals:
        lead += f", not told apart from {', '.join(escape(str(row.key)) for row in rivals[:3])}"
        lead += f" and {len(rivals) - 3} more" if len(rivals) > 3 else ""
    return lead


def _may_be_as_good(row: Row, best: Row) -> bool:
    """Whether the rank intervals of two rows meet; without one, a rank stands for itself."""
    low = row.rank_interval[0] if row.rank_interval else row.rank
    high = best.rank_interval[1] if best.rank_interval else best.rank
    return low is not None and high is not None and low <= high


def _changes(judged: Sequence[Judged], notes: Sequence[str]) -> list[str]:
    """Worse and missing cells in the open, the rest folded."""
    ordered = by_severity(judged)
    serious = [one for one in ordered if one.outcome in ("worse", "missing")]
    rest = [one for one in ordered if one.outcome not in ("worse", "missing")]
    lines = [*_change_table(serious), ""] if serious else []
    lines += [f"- {escape(note)}" for note in (*notes, *rests_on(judged))]
    if rest:
        lines += ["", *_folded(f"{len(rest)} other cells", "\n".join(_change_table(rest)))]
    return [*lines, ""]


def _change_table(judged: Sequence[Judged]) -> list[str]:
    lines = [
        "| " + " | ".join(title for title, _ in HEADINGS) + " |",
        "|" + "|".join("--:" if right else ":--" for _, right in HEADINGS) + "|",
    ]
    for one in judged:
        texts = [escape(text) for text in fields(one)]
        texts[0] = f"{MARKS.get(one.outcome, '')} {texts[0]}".strip()
        lines.append("| " + " | ".join(texts) + " |")
    return lines


def _folded(title: str, body: str) -> list[str]:
    """A closed section; the empty lines let Markdown inside HTML be Markdown."""
    return ["<details>", f"<summary>{title}</summary>", "", body, "", "</details>", ""]


def _list(board: Board) -> str:
    return "\n".join(f"- {line}" for line in remarks(board)) or "Nothing is missing."


def _within_limit(head: str, sections: Sequence[str]) -> str:
    """``head`` and as many ``sections`` as fit, whole; what is left out is counted."""
    text = _cut(head)
    left_out = 0
    for section in sections:
        if len((text + section).encode()) <= LIMIT - RESERVE:
            text += section
        else:
            left_out += 1
    if left_out or text != "".join([head, *sections]):
        text += (
            f"\n\n> Cut to stay under GitHub's limit of 1 MiB ({left_out} sections left out); "
            "`vmbench leaderboard export --format markdown` writes everything.\n"
        )
    return text


def _cut(text: str) -> str:
    """``text`` up to the last whole line that fits, with an open fold closed."""
    data = text.encode()
    if len(data) <= LIMIT - RESERVE:
        return text
    kept = data[: LIMIT - RESERVE].decode(errors="ignore").rpartition("\n")[0]
    folds = kept.count("<details>") - kept.count("</details>")
    return kept + "\n\n</details>" * folds
