"""Ctrl-C at any moment of a real process: one line, exit code 130, no traceback."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

HERE = Path(__file__).parent.parent
PROGRAM = """
import sys
{before}
sys.path.insert(0, {tests!r})
from vmbench.cli import main, signals
signals.catch()
print("started", file=sys.stderr, flush=True)
import toy
toy.register()
main()
"""
RUN = ["run", "--domain", "toy", "--preset", "smoke", "--transfer", "toy-vector"]


def start(arguments, tmp_path, before=""):
    """A process that says 'started' once Python has started and Ctrl-C is the command's."""
    program = PROGRAM.format(tests=str(HERE), before=before)
    process = subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "VMBENCH_CACHE": str(tmp_path / "cache")},
    )
    assert process.stderr.readline() == "started\n"
    return process


def stop(process, after):
    time.sleep(after)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=120)
    return process.returncode, err


def test_a_run_ends_with_one_line_at_any_moment(tmp_path):
    started = time.monotonic()
    whole = start([*RUN, "--quiet", "--out", str(tmp_path / "whole")], tmp_path)
    _, err = whole.communicate(timeout=120)
    assert whole.returncode == 0, err
    seconds = time.monotonic() - started
    seen = []
    for share in (0.0, 0.03, 0.1, 0.3, 0.6):
        shutil.rmtree(tmp_path / "cache", ignore_errors=True)
        out = str(tmp_path / "runs" / str(share))
        process = start([*RUN, "--quiet", "--out", out], tmp_path)
        code, err = stop(process, share * seconds)
        if code == 0 and share >= 0.5:
            continue  # it was faster than the first
        seen.append(share)
        assert code == 130, (share, err)
        assert err == "vmbench: interrupted; the same command goes on from here\n", share
    assert len(seen) >= 4


def test_the_command_itself_catches_it_before_all_imports():
    """In a fresh interpreter main() is reached without one import of what takes time."""
    program = (
        "import sys; before = set(sys.modules)\nfrom vmbench.cli import main\n"
        "print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path[:0] = {sys.path!r}\n{program}"],
        capture_output=True,
        text=True,
        check=True,
    )
    imported = set(done.stdout.split())
    assert imported >= {"vmbench", "vmbench.cli", "vmbench.cli.signals"}
    assert not imported & {"typing", "typer", "torch", "dataclasses", "vmbench.errors", "inspect"}


SWALLOWED = """
import builtins, sys
class Trap:
    def __del__(self):
        import time
        for _ in range(600): time.sleep(0.1)
def trapped():
    print("trapped", file=sys.stderr, flush=True)
    del_me = Trap()
"""


def test_one_that_a_destructor_would_swallow_ends_the_process(tmp_path):
    before = SWALLOWED + (
        "import threading\n"
        "def late(*_):\n    trapped()\n"
        "import vmbench.cli.listing as listing\nlisting.rows = late\n"
    )
    process = start(["list"], tmp_path, before)
    assert process.stderr.readline() == "trapped\n"
    code, err = stop(process, 0.3)
    assert (code, err) == (130, "vmbench: interrupted; the same command goes on from here\n")


def test_one_that_a_library_turns_into_its_own_error_is_still_one(tmp_path):
    before = (
        "import vmbench.cli.listing as listing, time\n"
        "def turned(*_):\n"
        "    print('trapped', file=sys.stderr, flush=True)\n"
        "    try:\n        time.sleep(60)\n"
        "    except BaseException:\n        raise ImportError('numpy failed to import') from None\n"
        "listing.rows = turned\n"
    )
    process = start(["list"], tmp_path, before)
    assert process.stderr.readline() == "trapped\n"
    code, err = stop(process, 0.2)
    assert (code, err) == (130, "vmbench: interrupted; the same command goes on from here\n")


@pytest.mark.parametrize("ignored", [True, False])
def test_a_caller_that_ignores_it_is_obeyed(ignored, tmp_path):
    before = (
        "import signal, time\n"
        + ("signal.signal(signal.SIGINT, signal.SIG_IGN)\n" if ignored else "")
        + "import vmbench.cli.listing as listing\nrows = listing.rows\n"
        "def slow(kind):\n    print('trapped', file=sys.stderr, flush=True)\n"
        "    time.sleep(1)\n    return []\n"
        "listing.rows = slow\n"
    )
    process = start(["list", "methods"], tmp_path, before)
    assert process.stderr.readline() == "trapped\n"
    code, _ = stop(process, 0.2)
    assert code == (0 if ignored else 130)
