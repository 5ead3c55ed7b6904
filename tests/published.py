"""Writes tiny datasets in their publishers' exact layouts, for the tests of their readers."""

import csv
import gzip
import struct
import zipfile

import numpy as np


def rng():
    return np.random.default_rng(3)


def write_idx(path, array):
    header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    data = header + array.tobytes()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)


def idx_images(root, per_class=3):
    """Four gzipped IDX files; returns (train images, train labels)."""
    root.mkdir(parents=True, exist_ok=True)
    draw, made = rng(), {}
    for prefix, count in (("train", per_class), ("t10k", 1)):
        labels = np.repeat(np.arange(10, dtype=np.uint8), count)
        images = draw.integers(0, 256, (len(labels), 28, 28), dtype=np.uint8)
        write_idx(root / f"{prefix}-images-idx3-ubyte.gz", images)
        write_idx(root / f"{prefix}-labels-idx1-ubyte.gz", labels)
        made[prefix] = images, labels
    return made["train"]


def cifar(root, names, classes):
    """Binary records; ``classes`` are the sizes of the label bytes. Returns the first image."""
    root.mkdir(parents=True, exist_ok=True)
    draw = rng()
    first = None
    for name in names:
        count = 2 * max(classes)
        labels = [np.arange(count, dtype=np.uint8) % size for size in classes]
        pixels = draw.integers(0, 256, (count, 3072), dtype=np.uint8)
        np.column_stack([*labels, pixels]).tofile(root / name)
        first = pixels[0] if first is None else first
    return first


def wav(path, rate, seconds=0.05, frequency=440.0, channels=1):
    import soundfile

    path.parent.mkdir(parents=True, exist_ok=True)
    time = np.arange(round(rate * seconds)) / rate
    wave = 0.5 * np.sin(2 * np.pi * frequency * time)
    soundfile.write(path, np.column_stack([wave] * channels), rate)


def fsdd(root):
    for speaker in ("george", "jackson", "lucas", "nicolas", "theo", "yweweler"):
        for digit in (0, 7):
            for index in (0, 4, 5, 9, 10, 49):
                wav(root / "recordings" / f"{digit}_{speaker}_{index}.wav", 8000)


def audiomnist(root):
    for speaker in ("01", "02", "12", "26"):
        for digit in (0, 9):
            wav(root / "AudioMNIST/data" / speaker / f"{digit}_{speaker}_3.wav", 48000)


def speech_commands(root):
    root = root / "speech_commands_v0.02"
    for word in ("bed", "zero"):
        for speaker in ("aa", "bb", "cc"):
            wav(root / word / f"{speaker}_nohash_0.wav", 16000)
    wav(root / "_background_noise_" / "pink_noise.wav", 16000)
    (root / "validation_list.txt").write_text("bed/bb_nohash_0.wav\nzero/bb_nohash_0.wav\n")
    (root / "testing_list.txt").write_text("bed/cc_nohash_0.wav\nzero/cc_nohash_0.wav\n")


def esc50(root):
    root = root / "ESC-50-master"
    rows = [
        (f"{fold}-{source}-A-{target}.wav", fold, target, category, "False", source, "A")
        for source, fold in enumerate((1, 2, 4, 5))
        for target, category in ((0, "dog"), (49, "hand_saw"))
    ]
    for name, *_ in rows:
        wav(root / "audio" / name, 44100, seconds=0.2)
    (root / "meta").mkdir()
    header = ("filename", "fold", "target", "category", "esc10", "src_file", "take")
    with (root / "meta/esc50.csv").open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])


def librispeech(root):
    for speaker in ("19", "103"):
        for utterance in range(4):
            name = f"{speaker}-198-{utterance:04}.flac"
            wav(root / "LibriSpeech/train-clean-100" / speaker / "198" / name, 16000)


def hapt(root, users=(1, 2, 3, 4, 5, 6, 7, 8, 11, 14)):
    """The zip; channel c of user u holds 10 u + c + t / 1000 at sample t (from 0)."""
    root.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(root / "HAPT Data Set.zip", "w") as archive:
        archive.writestr("activity_labels.txt", "1 WALKING\n2 WALKING_UPSTAIRS\n")
        lines = []
        for number, user in enumerate(users, start=1):
            time = np.arange(500) / 1000
            for sensor, first in (("acc", 0), ("gyro", 3)):
                rows = np.column_stack([10 * user + first + c + time for c in range(3)])
                text = "\n".join(" ".join(f"{v:.4f}" for v in row) for row in rows)
                archive.writestr(f"RawData/{sensor}_exp{number:02}_user{user:02}.txt", text)
            # Sample numbers count from 1, both ends included: 200, 128 and 100 samples.
            lines += [f"{number} {user} 1 11 210", f"{number} {user} 2 251 378"]
            lines += [f"{number} {user} 7 391 490"]
        archive.writestr("RawData/labels.txt", "\n".join(lines))


def pamap2(root):
    """Subjects 1, 5, 6: lying and rope jumping for 11 s, then a transient; gaps in channel 0."""
    root = root / "PAMAP2_Dataset/Protocol"
    root.mkdir(parents=True, exist_ok=True)
    for subject in (1, 5, 6):
        activity = np.repeat([1, 0, 24], [1100, 50, 1100])
        table = np.full((len(activity), 54), 1.0)
        table[:, 0] = np.arange(len(table)) / 100
        table[:, 1] = activity
        table[:, 2] = 100 + np.arange(len(table))  # heart rate, a ramp
        table[1:-1, 2][np.arange(len(table) - 2) % 11 != 0] = np.nan
        np.savetxt(root / f"subject10{subject}.dat", table, fmt="%.6g")


def uci_har(root):
    from vmbench_domains.sensor.uci_har import SIGNALS

    draw = rng()
    for part, subjects in (("train", (1, 3, 5, 6, 7, 8, 11, 14, 15, 16, 17, 19)), ("test", (2, 4))):
        folder = root / "UCI HAR Dataset" / part
        (folder / "Inertial Signals").mkdir(parents=True)
        subjects = np.repeat(subjects, 2)
        np.savetxt(folder / f"subject_{part}.txt", subjects, fmt="%d")
        np.savetxt(folder / f"y_{part}.txt", np.arange(len(subjects)) % 2 + 1, fmt="%d")
        for signal in SIGNALS:
            values = draw.standard_normal((len(subjects), 128))
            np.savetxt(folder / "Inertial Signals" / f"{signal}_{part}.txt", values, fmt="%16.7e")


def wisdm(root, broken=0):
    root = root / "WISDM_ar_v1.1"
    root.mkdir(parents=True, exist_ok=True)
    lines = []
    for user in range(1, 37):
        for activity in ("Walking", "Jogging"):
            start = 10**12 if activity == "Walking" else 10**12 + 5 * 10**11
            for t in range(201):
                lines.append(f"{user},{activity},{start + t * 50_000_000},{t},0.5,-1.25;")
    lines[3] += lines.pop(4)  # two records on one line, as in the published file
    lines[9] = lines[9].replace(";", ",;")
    lines += ["7,Walking,123,1.0;"] * broken
    (root / "WISDM_ar_v1.1_raw.txt").write_text("\n".join(lines) + "\n")


def medmnist(path, shape=(28, 28), labels=1, classes=2):
    path.parent.mkdir(parents=True, exist_ok=True)
    draw, arrays = rng(), {}
    for split, count in (("train", 6), ("val", 2), ("test", 4)):
        arrays[f"{split}_images"] = draw.integers(0, 256, (count, *shape), dtype=np.uint8)
        codes = np.arange(count) % classes
        arrays[f"{split}_labels"] = np.column_stack([codes] * labels).astype(np.uint8)
    np.savez_compressed(path, **arrays)
    return arrays


def ucr(path, rows, separator=" "):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(separator.join(f"{v:.7e}" for v in row) for row in rows) + "\n")


ADULT_ROW = (
    "39, State-gov, 77516, Bachelors, 13, Never-married, Adm-clerical, Not-in-family, White, "
    "Male, 2174, 0, 40, United-States, <=50K"
)
ADULT_GAPS = (
    "54, ?, 180211, Some-college, 10, Married-civ-spouse, ?, Husband, Asian-Pac-Islander, Male, "
    "0, 0, 60, South, >50K"
)


def adult(root):
    root.mkdir(parents=True, exist_ok=True)
    (root / "adult.data").write_text("\n".join([ADULT_ROW] * 10 + [ADULT_GAPS] * 10) + "\n\n")
    test = "\n".join(f"{row}." for row in (ADULT_ROW, ADULT_GAPS))
    (root / "adult.test").write_text(f"|1x3 Cross validator\n{test}\n\n")


def covertype(root, rows=20):
    root.mkdir(parents=True, exist_ok=True)
    draw = rng()
    table = np.column_stack(
        [draw.integers(0, 3000, (rows, 10)), draw.integers(0, 2, (rows, 44)), np.arange(rows) % 2]
    )
    table[:, -1] += 1
    with gzip.open(root / "covtype.data.gz", "wt") as file:
        np.savetxt(file, table, fmt="%d", delimiter=",")
    return table


def optdigits(root):
    root.mkdir(parents=True, exist_ok=True)
    for name, rows in (("optdigits.tra", 40), ("optdigits.tes", 10)):
        table = np.column_stack([rng().integers(0, 17, (rows, 64)), np.arange(rows) % 10])
        np.savetxt(root / name, table, fmt="%d", delimiter=",")


def higgs(root, rows=12):
    root.mkdir(parents=True, exist_ok=True)
    table = np.column_stack([np.arange(rows) % 2, rng().standard_normal((rows, 28))])
    with gzip.open(root / "HIGGS.csv.gz", "wt") as file:
        np.savetxt(file, table, fmt="%.18e", delimiter=",")
    return table
