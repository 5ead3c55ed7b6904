"""The publishers' real files, where ../shared/data has them; nothing else reads that folder."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from vmbench.data.dataset import SPLITS
from vmbench.data.examples import prepare
from vmbench.registry import registry

SHARED = Path(__file__).parents[4] / "shared" / "data"
pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="../shared/data is not here")


def bound(domain, name):
    return registry("domain").get(domain).dataset(name).bind(SHARED)


def test_fsdd_is_balanced_on_every_side():
    clips = bound("audio", "fsdd").reader.clips()
    assert len(clips) == 3000
    for task, sizes in (("digit", (1500, 500, 1000)), ("speaker", (2400, 300, 300))):
        sides = [clip.splits[task] for clip in clips]
        assert tuple(sides.count(split) for split in SPLITS) == sizes
    held_out = {c.speaker for c in clips if c.splits["digit"] != "train"}
    assert not held_out & {c.speaker for c in clips if c.splits["digit"] == "train"}


def test_hapt_has_the_publishers_subjects_and_plausible_gravity():
    dataset = bound("sensor", "hapt-raw")
    examples = prepare(dataset)
    task = dataset.tasks[0]
    assert [len(examples.split(task, split)) for split in SPLITS] == [6203, 1564, 3162]
    # Acceleration is in g: at rest its length is 1.
    standing = examples.split(task, "test")
    standing = standing[examples.labels(task, standing) == task.classes.index("STANDING")]
    x = examples.batch(standing) * examples.std + examples.mean
    lengths = x[:, :3].mean(2).norm(dim=1).numpy()
    assert np.median(lengths) == pytest.approx(1.0, abs=0.05)


def test_pneumoniamnist_and_ecg5000():
    for name, sizes in (("pneumoniamnist", [2428, 270, 468]), ("ecg5000", [350, 50, 100])):
        dataset = bound("medical", name)
        examples = prepare(dataset)
        assert [len(examples.split(dataset.tasks[0], split)) for split in SPLITS] == sizes


# Not ru_maxrss, which a child inherits from the process that started it: pytest may be large.
MEMORY = """
import re, sys
from pathlib import Path
from vmbench.data.examples import prepare
from vmbench_domains.image.idx_sets import FashionMnist
dataset = FashionMnist()
count = len(prepare(dataset.bind(Path(sys.argv[1]))))
print(count, re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
"""


def test_fashion_mnist_is_never_held_whole():
    """Building reads it in chunks: 70,000 images of 4 kB, and less than 1 GiB of memory."""
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, str(SHARED)], capture_output=True, text=True, check=True
    )
    count, kibibytes = map(int, done.stdout.split())
    assert count == 70_000
    assert kibibytes < 2**20
