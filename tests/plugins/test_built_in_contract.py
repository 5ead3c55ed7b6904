"""Every built-in domain and method keeps the contract that strangers are held to."""

import pytest

from vmbench.registry import BUILT_IN, registry
from vmbench.testing import checks_of

# Making the speech, and reading the text file of these digits, take longer than all the rest
# together; `vmbench check domain audio` and `... image` do it.
LEFT_OUT = {"audio": {"spoken-digits", "spoken-digits-waveform"}, "image": {"mnist"}}
# check -> reason, for each built-in that is known to break one.
EXPECTED_FAILURES: dict[str, dict[str, str]] = {}


def built_in_checks():
    for kind in ("domain", "method"):
        for entry in registry(kind):
            if entry.owner != BUILT_IN:
                continue
            expected = EXPECTED_FAILURES.get(entry.name, {})
            for check in checks_of(registry(kind).get(entry.name))[1]:
                if check.subject in LEFT_OUT.get(entry.name, ()):
                    continue
                marks = (
                    [pytest.mark.xfail(strict=True, reason=expected[check.name])]
                    if check.name in expected
                    else []
                )
                yield pytest.param(check, id=f"{entry.name}-{check.name}", marks=marks)


@pytest.mark.parametrize("check", list(built_in_checks()))
def test_built_in(check):
    check()
