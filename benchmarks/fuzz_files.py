"""Damaged files: every reader gives examples or one line that says what is wrong, nothing else.

Each case takes the sample that a dataset writes of its publisher's files (``write_sample``),
damages one file of it, binds the dataset to the folder and reads every example.

    python benchmarks/fuzz_files.py 5000            # cases, over all datasets in turn
    python benchmarks/fuzz_files.py 200 fsdd mnist  # those alone
"""

import importlib
import json
import multiprocessing
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vmbench.errors import UserError
from vmbench.registry import registry

SECONDS = 60  # that a case may take
MEMORY = 6 << 30  # bytes of address space beyond what the imports took
TOKENS = (
    b"", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"nan", b"inf", b"-1", b"0", b"1e999", b"1e-320",
    b"999999999999999999999", b"2147483648", b"\n", b"\r", b"\t", b",", b";", b'"', b"'", b"{",
    b"../../x", b"/etc/passwd", b"\xc3\x28", "\u202e\u00e9\U0001f600".encode(), b"?" * 300,
)  # fmt: skip

Random = random.Random


def _flip(data: bytearray, draw: Random) -> None:
    for _ in range(draw.choice((1, 1, 4, 32))):
        data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)


def _flip_early(data: bytearray, draw: Random) -> None:
    """Headers stand first, and say the most."""
    data[draw.randrange(min(len(data), 64))] = draw.choice(
        (0, 1, 127, 128, 255, draw.randrange(256))
    )


def _cut(data: bytearray, draw: Random) -> None:
    del data[draw.randrange(len(data)) :]


def _drop(data: bytearray, draw: Random) -> None:
    start = draw.randrange(len(data))
    del data[start : start + draw.choice((1, 2, 8, 100))]


def _repeat(data: bytearray, draw: Random) -> None:
    start = draw.randrange(len(data))
    data[start:start] = data[start : start + draw.choice((1, 10, 200))]


def _insert(data: bytearray, draw: Random) -> None:
    start = draw.randrange(len(data) + 1)
    data[start:start] = draw.choice(TOKENS)


def _replace_word(data: bytearray, draw: Random) -> None:
    """One field of a text by something that hardly belongs there."""
    start = draw.randrange(len(data))
    end = start
    while start > 0 and data[start - 1 : start] not in (b",", b" ", b"\t", b"\n", b";", b":"):
        start -= 1
    while end < len(data) and data[end : end + 1] not in (b",", b" ", b"\t", b"\n", b";", b":"):
        end += 1
    data[start:end] = draw.choice(TOKENS)


def _move_line(data: bytearray, draw: Random) -> None:
    lines = bytes(data).split(b"\n")
    line = lines.pop(draw.randrange(len(lines)))
    if draw.random() < 0.5:
        lines.insert(draw.randrange(len(lines) + 1), line)
    data[:] = b"\n".join(lines)


def _empty(data: bytearray, _: Random) -> None:
    data.clear()


DAMAGES: tuple[Callable[[bytearray, Random], None], ...] = (
    _flip, _flip_early, _cut, _drop, _repeat, _insert, _replace_word, _replace_word, _move_line,
    _empty,
)  # fmt: skip


def damage(content: bytes, draw: Random) -> bytes:
    """``content`` with one to three things wrong with it."""
    data = bytearray(content)
    for _ in range(draw.choice((1, 1, 2, 3))):
        if data:
            draw.choice(DAMAGES)(data, draw)
    return bytes(data)


def readers() -> dict[str, str]:
    """Dataset -> domain, of all that read files."""
    found = {}
    for domain in registry("domain"):
        adapter = registry("domain").get(domain.name)
        for name in adapter.datasets:
            if adapter.dataset(name).package is None:
                found[name] = domain.name
    return found


def case(domain: str, name: str, sample: Path, folder: Path, seed: int) -> tuple[str, str]:
    """What reading a damaged copy of ``sample`` came to, and which file was damaged.

    "read", "refused", or the error that it must not be.
    """
    draw = Random(f"{name} {seed}")
    shutil.copytree(sample, folder)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    victim = draw.choice(files)
    victim.write_bytes(damage(victim.read_bytes(), draw))
    where = str(victim.relative_to(folder))
    try:
        dataset = registry("domain").get(domain).dataset(name).bind(folder)
        for example in dataset.examples():
            if example.x.shape != dataset.spec.shape:
                return f"shape {example.x.shape} where the spec is {dataset.spec}", where
    except UserError:
        return "refused", where
    except Exception as error:
        frames = [f for f in traceback.extract_tb(error.__traceback__) if "vmbench" in f.filename]
        at = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "a library"
        return f"{type(error).__name__} at {at}: {error}", where
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return "read", where


def _too_long(*_: object) -> None:
    raise TimeoutError(f"more than {SECONDS} s")


def _worker(domain: str, name: str, seeds: range, report: Path) -> None:
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGALRM, _too_long)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, used + MEMORY))
    with tempfile.TemporaryDirectory() as scratch, report.open("a") as file:
        sample = Path(scratch, "sample")
        sample.mkdir()
        registry("domain").get(domain).dataset(name).write_sample(sample)
        for seed in seeds:
            print(json.dumps([name, seed, "began", ""]), file=file, flush=True)
            signal.alarm(SECONDS)
            outcome, where = case(domain, name, sample, Path(scratch, "case"), seed)
            signal.alarm(0)
            print(json.dumps([name, seed, outcome, where]), file=file, flush=True)


def fuzz(cases: int, names: list[str], first_seed: int = 0) -> tuple[Counter[str], list[Any]]:
    """Read ``cases`` damaged samples, a process a dataset; outcomes, and what must not be."""
    known = readers()
    chosen = names or sorted(known)
    each = -(-cases // len(chosen))
    outcomes: Counter[str] = Counter()
    faults: list[Any] = []
    with tempfile.TemporaryDirectory() as scratch:
        for name in chosen:
            report = Path(scratch, name)
            seeds = range(first_seed, first_seed + each)
            process = multiprocessing.get_context("fork").Process(
                target=_worker, args=(known[name], name, seeds, report)
            )
            started = time.monotonic()
            process.start()
            process.join()
            rows = [json.loads(line) for line in report.read_text().splitlines()]
            done = [row for row in rows if row[2] != "began"]
            outcomes.update(row[2] for row in done if row[2] in ("read", "refused"))
            bad = [row for row in done if row[2] not in ("read", "refused")]
            if process.exitcode:
                bad.append([name, rows[-1][1] if rows else None, f"died of {process.exitcode}", ""])
            faults += bad
            took = time.monotonic() - started
            print(f"{name}: {len(done)} cases, {len(bad)} faults, {took:.0f} s", flush=True)
            for row in {row[2][:60]: row for row in bad}.values():
                print("   ", *row, flush=True)
    outcomes["faults"] = len(faults)
    return outcomes, faults


if __name__ == "__main__":
    for module in (
        "torch",
        "pandas",
        "vmbench_domains.audio.clips",
        "scipy.signal",
        "soundfile",
        "PIL.Image",
        "wfdb",
        "lmdb",
    ):
        importlib.import_module(module)  # once, not in every process
    counts, found = fuzz(int(sys.argv[1]), sys.argv[2:])
    print(dict(counts))
    sys.exit(bool(found))
