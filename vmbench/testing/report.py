"""A named check, what came of it, and the report over all of them."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Literal, NoReturn

from vmbench.errors import UserError

Status = Literal["passed", "failed", "expected", "unexpected"]
MARKS: Mapping[Status, str] = {
    "passed": "ok",
    "failed": "FAILED",
    "expected": "expected failure",
    "unexpected": "FAILED",
}


class ContractError(AssertionError):
    """What a check found wrong: where, what, and the mend."""


def violated(message: str) -> NoReturn:
    """Raise :class:`ContractError`; unlike ``assert`` also under ``python -O``."""
    raise ContractError(message)


@dataclass(frozen=True)
class Check:
    """One clause of the contract; calling it raises what is wrong.

    Attributes:
        clause: what is checked, e.g. ``finite``.
        subject: what it is checked on (a dataset, a kind of spec), or "" for the whole.
        promise: one line that says what must hold.
        body: does the check.
    """

    clause: str
    subject: str
    promise: str
    body: Callable[[], None]

    @property
    def name(self) -> str:
        """``clause[subject]``, as in ``expected_failures``."""
        return f"{self.clause}[{self.subject}]" if self.subject else self.clause

    def __call__(self) -> None:
        """Do the check. Raises whatever is wrong, usually :class:`ContractError`."""
        self.body()


@dataclass(frozen=True)
class Outcome:
    """What came of one check; ``reason`` says why it failed, or was expected to."""

    check: Check
    status: Status
    reason: str
    seconds: float


@dataclass(frozen=True)
class Report:
    """All outcomes of one component. Its text is what ``vmbench check`` prints."""

    kind: str
    name: str
    outcomes: tuple[Outcome, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing failed but what was expected to, and all of that did."""
        return not self.failures

    @property
    def failures(self) -> tuple[Outcome, ...]:
        """The outcomes that break the contract."""
        return tuple(o for o in self.outcomes if o.status in ("failed", "unexpected"))

    @property
    def document(self) -> dict[str, Any]:
        """What ``vmbench check --json`` prints."""
        return {
            "kind": self.kind,
            "name": self.name,
            "passed": self.passed,
            "checks": [
                {
                    "check": o.check.name,
                    "promise": o.check.promise,
                    "status": o.status,
                    "reason": o.reason,
                    "seconds": round(o.seconds, 3),
                }
                for o in self.outcomes
            ],
        }

    def __str__(self) -> str:
        """One line per check, then the count."""
        return "\n".join([*map(line_of, self.outcomes), self.verdict])

    @property
    def verdict(self) -> str:
        """The last line of the text."""
        failed, total = len(self.failures), len(self.outcomes)
        count = f"{failed} of {total} checks failed" if failed else f"all {total} checks passed"
        expected = sum(o.status == "expected" for o in self.outcomes)
        return f"{self.kind} {self.name}: {count}" + (
            f", {expected} as expected" if expected else ""
        )


def line_of(outcome: Outcome) -> str:
    """An outcome as people read it: the mark, the check and, if it failed, why."""
    detail = outcome.reason or outcome.check.promise
    return f"{MARKS[outcome.status]:6}  {outcome.check.name}: {detail}"


def perform(check: Check, expected: str | None) -> Outcome:
    """Do one check. ``expected`` is the reason why it is known to fail, or None."""
    started = time.perf_counter()
    try:
        check()
        found = None
    except ContractError as error:
        found = str(error)
    except (Exception, SystemExit) as error:  # a stranger's code may fail in any way
        found = f"{type(error).__name__}: {error}"
    status: Status
    if expected is None:
        status, reason = ("passed", "") if found is None else ("failed", found)
    elif found is None:
        status = "unexpected"
        reason = f"passes, but was expected to fail ({expected}): take it off expected_failures"
    else:
        status, reason = "expected", f"{expected} ({found})"
    return Outcome(check, status, " ".join(reason.split()), time.perf_counter() - started)


def expectations(checks: Iterable[Check], expected: Mapping[str, str]) -> dict[str, str]:
    """Name of a check -> reason. A key is a check's name, or a clause for all its subjects.

    Raises:
        UserError: for a key that is neither, with a near miss, or a reason that says nothing.
    """
    checks = list(checks)
    known = {check.name for check in checks} | {check.clause for check in checks}
    for key, reason in expected.items():
        if key not in known:
            close = get_close_matches(key, sorted(known), n=1)
            hint = f": did you mean '{close[0]}'?" if close else ""
            raise UserError(f"expected_failures names no check '{key}'{hint}")
        if not reason.strip():
            raise UserError(f"expected_failures gives no reason for '{key}'")
    return {
        check.name: expected.get(check.name, expected.get(check.clause, ""))
        for check in checks
        if check.name in expected or check.clause in expected
    }
