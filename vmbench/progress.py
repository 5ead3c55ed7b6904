"""What a run shows while it runs: a bar on a terminal, lines elsewhere; all on stderr."""

import contextlib
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from datetime import timedelta

SLOW = 2.0  # seconds after which a work that is done once is announced
BAR = 24  # characters of a bar
AGAIN = 30.0  # seconds between lines about it where no bar can be shown


class Bar:
    """Advanced once a step; this one shows nothing.

    ``rank`` is the latest effective rank of a batch's representations, shown beside the loss.
    """

    rank: float | None = None

    def advance(self, loss: float) -> None:
        """One step is done."""


class Progress:
    """Messages and bars on stderr; bars only on a terminal, nothing at all when quiet."""

    def __init__(self, *, quiet: bool = False) -> None:
        self.quiet = quiet
        self.bars = not quiet and sys.stderr.isatty()

    @contextlib.contextmanager
    def shared(self) -> Iterator["Progress"]:
        """Where :func:`announce` shows what it is told, until the end of the context."""
        before = _shared.set(self)
        try:
            yield self
        finally:
            _shared.reset(before)

    def say(self, message: str) -> None:
        """One line on stderr."""
        if not self.quiet:
            print(message, file=sys.stderr, flush=True)

    @contextlib.contextmanager
    def training(self, total: int, done: int) -> Iterator[Bar]:
        """A bar over ``total`` steps of which ``done`` are behind."""
        if not self.bars:
            yield Bar()
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        columns = (
            TextColumn("training"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("loss {task.fields[loss]:.3f}"),
            TextColumn("{task.fields[rank]}"),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
        )
        with RichProgress(*columns, console=Console(stderr=True), transient=True) as rich:
            task = rich.add_task("training", total=total, completed=done, loss=0, rank="", rate="")

            class Shown(Bar):
                def advance(self, loss: float) -> None:
                    speed = rich.tasks[0].speed
                    rate = f"{speed:.1f} steps/s" if speed else ""
                    rank = "" if self.rank is None else f"rank {self.rank:.1f}"
                    rich.update(task, advance=1, loss=loss, rank=rank, rate=rate)

            yield Shown()

    @contextlib.contextmanager
    def counting(self, what: str, total: int | None) -> Iterator[Callable[[int], None]]:
        """A bar over ``total`` things (None: nobody knows how many), told how many are done more.

        Where no bar can be shown, a line now and then.
        """
        if self.bars:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
            from rich.progress import Progress as RichProgress

            columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
            with RichProgress(*columns, console=Console(stderr=True), transient=True) as rich:
                task = rich.add_task(what, total=total)
                yield lambda more: rich.advance(task, more)
            return
        done, due = 0, time.monotonic() + AGAIN

        def count(more: int) -> None:
            nonlocal done, due
            done += more
            if time.monotonic() >= due:
                due = time.monotonic() + AGAIN
                self.say(f"{what}: {done:,}{f' of {total:,}' if total else ''}")

        yield count


class Steps:
    """Advanced once a piece of a work; says how far it is where it takes long.

    Args:
        progress: where it is shown.
        what: is done.
        total: of its pieces; None where that is not known.
    """

    def __init__(self, progress: Progress, what: str, total: int | None) -> None:
        self.progress, self.what, self.total = progress, what, total
        self.done = self.before = 0
        self.started = time.monotonic()
        self._due = self.started + SLOW
        self._last = ""

    def advance(self, pieces: int = 1, *, before: bool = False) -> None:
        """So many pieces are done, or were ``before`` this began."""
        self.done += pieces
        if before:
            self.before = self.done
        now = time.monotonic()
        if self.progress.quiet or before or now < self._due or self.done == self.total:
            return
        if self.progress.bars:  # one line, written over
            line = f"{self.what}: {self._bar()}{self._state(now)}"
            columns = shutil.get_terminal_size().columns - 1
            blank = " " * (len(self._last) - len(line))
            self._last = line[:columns]
            print(f"\r{self._last}{blank}", end="", file=sys.stderr, flush=True)
            self._due = now + 0.2
        else:
            self.progress.say(f"{self.what}: {self._state(now)}")
            self._due = now + AGAIN

    def _state(self, now: float) -> str:
        """``34%, 0:02:10 left``; without a total ``4,096 done in 0:00:10``."""
        passed = now - self.started
        if self.total is None:
            return f"{self.done:,} done in {spelt_time(passed)}"
        mine = self.done - self.before
        left = f", {spelt_time(passed / mine * (self.total - self.done))} left" if mine else ""
        return f"{self.done / self.total:.0%}{left}"

    def _bar(self) -> str:
        if self.total is None:
            return ""
        full = round(BAR * self.done / self.total)
        return f"[{'#' * full}{'.' * (BAR - full)}] "

    def close(self) -> None:
        """Wipe the line, if there is one."""
        if self._last:
            print(f"\r{' ' * len(self._last)}\r", end="", file=sys.stderr, flush=True)


def spelt_time(seconds: float) -> str:
    """Hours, minutes and seconds.

    >>> spelt_time(130.4)
    '0:02:10'
    """
    return str(timedelta(seconds=round(seconds)))


@contextlib.contextmanager
def announce(what: str, total: int | None) -> Iterator[Steps]:
    """Show a work of ``total`` pieces, wherever it is done; nothing where it is short."""
    steps = Steps(_shared.get(), what, total)
    try:
        yield steps
    finally:
        steps.close()


def say(message: str) -> None:
    """One line on stderr, unless the command under way is quiet or there is none."""
    _shared.get().say(message)


_shared: ContextVar[Progress] = ContextVar("progress", default=Progress(quiet=True))  # noqa: B039
