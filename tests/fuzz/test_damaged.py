"""Short runs of ``benchmarks/{fuzz_files,fuzz_results,kills}.py``; what they found."""

import importlib
import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from vmbench.errors import UserError
from vmbench.registry import registry
from vmbench.training import checkpoint

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def benchmarks():
    sys.path.insert(0, str(BENCHMARKS))
    yield importlib.import_module
    sys.path.remove(str(BENCHMARKS))


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(
    "name", ["adult", "fungi", "mnist-full", "npz", "recordings", "table", "uci-har", "ucr"]
)
def test_damaged_files_are_read_or_refused(name, benchmarks, tmp_path):
    fuzz = benchmarks("fuzz_files")
    domain = fuzz.readers()[name]
    sample = tmp_path / "sample"
    sample.mkdir()
    registry("domain").get(domain).dataset(name).write_sample(sample)
    for seed in range(10_000, 10_012):
        outcome, where = fuzz.case(domain, name, sample, tmp_path / "case", seed)
        assert outcome in ("read", "refused"), (seed, where)


@pytest.mark.filterwarnings("default")
def test_damaged_results_are_exit_code_5(benchmarks):
    outcomes, faults = benchmarks("fuzz_results").fuzz(120, first_seed=10_000)
    assert faults == []
    assert outcomes["5"] > 60
    assert outcomes["0"] > 5


def test_killed_runs_end_in_the_same_values():
    """Two kills of ``benchmarks/kills.py``, in a process of its own, which forks."""
    done = subprocess.run(
        [sys.executable, str(BENCHMARKS / "kills.py"), "2", "--toy"],
        capture_output=True,
        text=True,
        timeout=200,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 ended in the same values and weights" in done.stdout


def damaged(name, tmp_path, victim, content):
    """The dataset's examples, read from its sample in which one file has this content."""
    domain = next(d.name for d in registry("domain") if name in d.facts["datasets"])
    dataset = registry("domain").get(domain).dataset(name)
    dataset.write_sample(tmp_path)
    (path,) = tmp_path.rglob(victim)
    path.write_bytes(content(path.read_bytes()) if callable(content) else content)
    return list(dataset.bind(tmp_path).examples())


@pytest.mark.parametrize(
    ("name", "victim", "content", "message"),
    [
        ("speech-commands", "validation_list.txt", b"\xed\xff", "cannot be read"),
        ("voxceleb1", "iden_split.txt", b"1 \xe3", "cannot be read"),
        ("uci-har", "y_train.txt", b"", "y_train.txt cannot be read"),
        ("uci-har", "total_acc_x_train.txt", b"1 2\n", "not 128 finite numbers"),
        ("optdigits", "optdigits.tra", lambda c: b"a" + c, "optdigits.tra cannot be read"),
        ("higgs", "HIGGS.csv.gz", lambda c: c[:40] + b"\xff" * 40 + c[80:], "cannot be read"),
        (
            "mnist-full",
            "t10k-images-idx3-ubyte*",
            struct.pack(">HBB4I", 0, 8, 4, *[2**32 - 1] * 4),
            "cannot be read",
        ),
        (
            "cub-200-reference",
            "images.txt",
            lambda c: c.replace(c.split()[1], b"/etc/passwd", 1),
            "name /etc/passwd, which is not in",
        ),
        (
            "cub-200-reference",
            "images.txt",
            lambda c: c.replace(c.split()[1], b"../../../etc/passwd", 1),
            "which is not in",
        ),
        ("lsun", None, None, "cut short"),
    ],
)
def test_what_fuzzing_found(name, victim, content, message, tmp_path):
    if victim is None:  # a memory-mapped file, which ended the process
        victim, content = None, None
        domain = registry("domain").get("image")
        domain.dataset(name).write_sample(tmp_path)
        path = sorted(tmp_path.rglob("data.mdb"))[0]
        path.write_bytes(path.read_bytes()[:-5000])
        with pytest.raises(UserError, match=message):
            list(domain.dataset(name).bind(tmp_path).examples())
        return
    with pytest.raises(UserError, match=message):
        damaged(name, tmp_path, victim, content)


def test_no_file_of_ours_is_read_through_pickle(tmp_path):
    """torch's own format, which is a pickle, is refused where weights and states are read."""
    torch = pytest.importorskip("torch")
    path = tmp_path / "x.safetensors"
    torch.save({"weights": torch.ones(3)}, path)
    for read in (checkpoint.load, checkpoint.load_weights):
        with pytest.raises(checkpoint.DamagedError):
            read(path)


def test_the_packages_unpickle_nothing_and_trust_no_remote_code():
    """By name: what would run code from outside stands in no package, but for two known places."""
    root = BENCHMARKS.parent
    allowed = {
        "domains/vmbench_domains/image/frame_pickle.py",  # by an allow-list, which has its test
        "vmbench/testing/method.py",  # of objects that the same check made
        "vmbench/testing/survey.py",
    }
    forbidden = (
        "pickle.load", "pickle.Unpickler", "torch.load(", "read_pickle", "joblib.load",
        "allow_pickle=True", "trust_remote_code=True", "yaml.load(", "unsafe_load",  "torch.hub",
    )  # fmt: skip
    packages = [*root.glob("vmbench/**/*.py"), *root.glob("*/vmbench_*/**/*.py")]
    assert len(packages) > 100
    found = {
        str(path.relative_to(root))
        for path in packages
        if any(word in path.read_text(encoding="utf-8") for word in forbidden)
    }
    assert found <= allowed
