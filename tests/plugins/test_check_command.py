"""``vmbench check`` and the pytest parametrisation."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from vmbench.cli import invoke
from vmbench.registry import registry

TESTS = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def _forget_plugins():
    """What ``check module:Object`` registers in this process goes again."""
    entries = {kind: registry(kind)._entries for kind in ("domain", "method")}
    before = {kind: dict(known) for kind, known in entries.items()}
    yield
    for kind, known in entries.items():
        known.clear()
        known.update(before[kind])


def test_a_green_contract_is_exit_code_0(capsys):
    assert invoke(["check", "method", "faulty:SoundYardstick"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "method mean of --plugin faulty:SoundYardstick"
    assert lines[1] == "  ok      identity: name, kind and specs are stated and known"
    assert lines[-1] == "method mean: all 2 checks passed"


def test_a_failing_check_is_exit_code_1_and_in_the_json(capsys):
    assert invoke(["check", "method", "faulty:FlatFeatures", "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["passed"] is False
    failed = [check for check in document["checks"] if check["status"] == "failed"]
    assert [check["check"] for check in failed] == ["represent[vector]"]
    assert "not (B, D)" in failed[0]["reason"]


def test_a_registered_name(capsys):
    assert invoke(["check", "method", "raw-features"]) == 0
    assert "method raw-features of vmbench" in capsys.readouterr().out


@pytest.mark.parametrize(("arguments", "message"), [
    (("domain", "imagee"), "did you mean 'image'?"),
    (("domain", "faulty:SoundYardstick"), "is a method: vmbench check method faulty:Sound"),
    (("objective", "simcl"), "did you mean 'simclr'?"),
    (("dataset", "mnist"), "dataset"),
    (("method", "faulty:Nothing"), "has no attribute 'Nothing'"),
])  # fmt: skip
def test_bad_usage(arguments, message, capsys):
    assert invoke(["check", *arguments]) == 2
    assert message in capsys.readouterr().err


CONTRACTS = """
import faulty
from vmbench.testing import contract_test, parametrize_with_checks

test_green = contract_test(faulty.SoundYardstick)
test_red = contract_test(faulty.NaNFeatures)
test_known = contract_test(faulty.NaNFeatures, {"represent": "divides by zero"})
test_stale = contract_test(faulty.SoundYardstick, {"identity": "was wrong once"})

@parametrize_with_checks(faulty.SoundYardstick)
def test_with_fixture(check, tmp_path):
    check()
"""


def test_pytest_runs_each_check_and_a_stale_expectation_fails(tmp_path):
    (tmp_path / "test_it.py").write_text(CONTRACTS)
    (tmp_path / "pytest.ini").write_text(f"[pytest]\npythonpath = {TESTS}\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "XFAIL"))]
    failed = {line.split("::")[1].split(" - ")[0] for line in lines if line.startswith("FAILED")}
    assert failed == {"test_red[represent[vector]]", "test_stale[identity]"}
    assert sum(line.startswith("XFAIL") for line in lines) == 1
    assert "2 failed, 7 passed, 1 xfailed" in done.stdout
