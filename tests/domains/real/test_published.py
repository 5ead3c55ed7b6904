"""Every publisher's layout, written tiny: found, read, split as stated; oracles per format."""

import gzip
import shutil

import numpy as np
import pytest

from vmbench.data.dataset import SPLITS
from vmbench.data.examples import prepare
from vmbench.data.specs import Grid, Sequence, Vector
from vmbench.errors import UserError
from vmbench.registry import registry
from vmbench_domains.audio.samples import write_tone
from vmbench_domains.image.idx import read_idx
from vmbench_domains.image.samples import write_idx
from vmbench_domains.medical.samples import write_npz, write_series

LAYOUTS = {
    # dataset: (domain, spec, examples of train/val/test of the first task in its sample)
    "fashion-mnist": ("image", Grid(1, 32, 32), (20, 10, 10)),
    "fashion-mnist-rgb": ("image", Grid(3, 32, 32), (20, 10, 10)),
    "mnist-full": ("image", Grid(1, 32, 32), (20, 10, 10)),
    "cifar-10": ("image", Grid(3, 32, 32), (90, 10, 20)),
    "cifar-100": ("image", Grid(3, 32, 32), (100, 100, 200)),
    "cifar-10-c": ("image", Grid(3, 32, 32), (90, 10, 20)),
    "aircraft": ("image", Grid(3, 32, 32), (2, 2, 2)),
    "cub-200": ("image", Grid(3, 32, 32), (4, 2, 2)),
    "dtd": ("image", Grid(3, 32, 32), (2, 2, 2)),
    "gtsrb": ("image", Grid(3, 32, 32), (4, 4, 2)),
    "vgg-flower": ("image", Grid(3, 32, 32), (2, 2, 2)),
    "celeba": ("image", Grid(3, 32, 32), (2, 2, 2)),
    "mscoco": ("image", Grid(3, 32, 32), (10, 2, 4)),
    "fungi": ("image", Grid(3, 32, 32), (4, 2, 2)),
    "lsun": ("image", Grid(3, 32, 32), (6, 2, 2)),
    "eurosat": ("image", Grid(3, 64, 64), (10, 10, 10)),
    "wm-811k": ("image", Grid(1, 32, 32), (12, 4, 4)),
    "cub-200-reference": ("image", Grid(3, 32, 32), (4, 2, 2)),
    "gtsrb-reference": ("image", Grid(3, 32, 32), (4, 2, 2)),
    "vgg-flower-reference": ("image", Grid(3, 32, 32), (2, 2, 2)),
    "mscoco-reference": ("image", Grid(3, 32, 32), (20, 4, 8)),
    "fsdd": ("audio", Grid(1, 64, 64), (36, 12, 24)),
    "audiomnist": ("audio", Grid(1, 64, 64), (4, 2, 2)),
    "speech-commands": ("audio", Grid(1, 64, 64), (2, 2, 2)),
    "esc-50": ("audio", Grid(1, 64, 64), (4, 2, 2)),
    "librispeech-100": ("audio", Grid(1, 64, 64), None),
    "librispeech-100-speaker": ("audio", Grid(1, 64, 64), (4, 2, 2)),
    "librispeech-dev-clean": ("audio", Grid(1, 64, 64), (4, 2, 2)),
    "hapt": ("sensor", Grid(6, 32, 32), None),
    "hapt-raw": ("sensor", Sequence(6, 128), None),
    "pamap2": ("sensor", Grid(52, 32, 32), (2, 2, 2)),
    "pamap2-raw": ("sensor", Sequence(52, 1000), (2, 2, 2)),
    "pamap2-reference": ("sensor", Grid(52, 32, 32), (2, 2, 2)),
    "uci-har": ("sensor", Grid(6, 32, 32), None),
    "uci-har-raw": ("sensor", Sequence(6, 128), None),
    "wisdm": ("sensor", Grid(3, 32, 32), (48, 8, 16)),
    "wisdm-raw": ("sensor", Sequence(3, 200), (48, 8, 16)),
    "pneumoniamnist": ("medical", Grid(1, 28, 28), (6, 2, 4)),
    "bloodmnist": ("medical", Grid(3, 28, 28), (6, 2, 4)),
    "chestx-ray14": ("medical", Grid(1, 64, 64), (24, 4, 12)),
    "chexpert": ("medical", Grid(1, 64, 64), (28, 2, 10)),
    "adult": ("tabular", Vector(105), (18, 2, 2)),
    "higgs": ("tabular", Vector(28), (60, 3, 3)),
    "optdigits": ("tabular", Vector(64), (30, 10, 10)),
}


def bound(domain, name, data_dir):
    return registry("domain").get(domain).dataset(name).bind(data_dir)


def sample(domain, name, data_dir):
    """Write the dataset's own sample, and bind to it."""
    data_dir.mkdir(exist_ok=True)
    registry("domain").get(domain).dataset(name).write_sample(data_dir)
    return bound(domain, name, data_dir)


@pytest.mark.parametrize("name", LAYOUTS)
def test_layout_is_found_read_and_split(name, tmp_path):
    domain, spec, counts = LAYOUTS[name]
    dataset = sample(domain, name, tmp_path)
    assert dataset.spec == spec
    examples = prepare(dataset)
    for task in dataset.tasks:
        sides = [set(examples.split(task, split)) for split in SPLITS]
        assert sum(map(len, sides)) == len(set.union(*sides)) > 0
    if counts:
        sizes = [len(examples.split(dataset.tasks[0], split)) for split in SPLITS]
        assert tuple(sizes) == counts
    if not dataset.tasks:
        assert dataset.no_task
        assert len(examples.training()) == len(examples) > 0
        return
    groups = {}
    for example in dataset.examples():
        if example.splits:
            groups.setdefault(example.group, set()).add(example.splits.get(dataset.tasks[0].name))
    if "held out" in dataset.tasks[0].split_rule and None not in groups:
        by_subject = dataset.tasks[0].name != "speaker"
        assert all(len(sides) == 1 for sides in groups.values()) == by_subject
    assert dataset.card.licence
    assert dataset.card.homepage


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_files_are_found_in_every_stated_place(name, tmp_path):
    domain = LAYOUTS[name][0]
    written = sample(domain, name, tmp_path / "written").reader.root
    folder = written if written.is_dir() else written.parent  # HAPT's root is the zip itself
    for number, place in enumerate(registry("domain").get(domain).dataset(name).places):
        data_dir = tmp_path / str(number)
        shutil.copytree(folder, data_dir / place)
        if name == "cifar-10-c":  # needs the clean set beside it
            registry("domain").get("image").dataset("cifar-10").write_sample(data_dir)
        root = bound(domain, name, data_dir).reader.root
        assert data_dir / place in (root, root.parent)


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_missing_folder_names_files_places_and_publisher(name, tmp_path):
    dataset = registry("domain").get(LAYOUTS[name][0]).dataset(name)
    for data_dir in (tmp_path, None):
        if data_dir is None and hasattr(dataset, "hub"):
            continue
        with pytest.raises(UserError) as caught:
            dataset.bind(data_dir)
        message = str(caught.value)
        assert dataset.files[0] in message
        assert dataset.places[0] in message
        assert dataset.card.homepage in message
        assert "--data-dir" in message
        assert "\n" not in message
    with pytest.raises(UserError, match="does not exist"):
        dataset.bind(tmp_path / "nowhere")
    with pytest.raises(UserError, match="--target is for your own"):
        dataset.bind(tmp_path, "label")
    if hasattr(dataset, "hub"):
        with pytest.raises(UserError, match="--target is for your own"):
            dataset.bind(None, "label")


def test_one_missing_file_is_named(tmp_path):
    sample("image", "cifar-10", tmp_path)
    (tmp_path / "cifar-10-batches-bin/data_batch_5.bin").unlink()
    with pytest.raises(UserError, match=r"data_batch_5\.bin is missing"):
        bound("image", "cifar-10", tmp_path)


def test_a_changed_file_is_another_cache(tmp_path):
    before = sample("tabular", "optdigits", tmp_path).fingerprint
    assert bound("tabular", "optdigits", tmp_path).fingerprint == before
    with (tmp_path / "optdigits/optdigits.tes").open("a") as file:
        file.write(",".join(["0"] * 65) + "\n")
    assert bound("tabular", "optdigits", tmp_path).fingerprint != before


def test_idx_pixels_lie_in_the_middle_of_the_grid(tmp_path):
    made = list(sample("image", "mnist-full", tmp_path).examples())
    content = [
        np.frombuffer(gzip.decompress((tmp_path / "mnist" / name).read_bytes()), np.uint8)
        for name in ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz")
    ]
    images, labels = content[0][16:].reshape(-1, 28, 28), content[1][8:]
    assert len(images) == len(labels) == 30
    for example, image, label in zip(made, images, labels, strict=False):
        assert example.labels["digit"] == label
        np.testing.assert_allclose(example.x[0, 2:30, 2:30] * 255, image, rtol=1e-6)
        assert example.x.sum() == pytest.approx(image.sum() / 255, rel=1e-5)


@pytest.mark.parametrize(("spoil", "cause"), [
    (lambda raw, packed: gzip.compress(raw + b"x"), "goes on after its 5 entries"),
    (lambda raw, packed: gzip.compress(raw[:-1]), "ends before entry 4 of 5"),
    (lambda raw, packed: packed[:-20], "end-of-stream"),
    (lambda raw, packed: packed[:60] + bytes(9) + packed[69:], "cannot be read"),
    (lambda raw, packed: gzip.compress(raw[:2] + b"\x0d" + raw[3:]), "of unsigned bytes"),
    (lambda raw, packed: raw, "gzip"),
    (lambda raw, packed: b"", "cannot be read"),
])  # fmt: skip
def test_idx_files_that_are_broken_are_one_line(spoil, cause, tmp_path):
    path = tmp_path / "train-images-idx3-ubyte.gz"
    write_idx(path, np.random.default_rng(0).integers(0, 256, (5, 28, 28), np.uint8))
    packed = path.read_bytes()
    path.write_bytes(spoil(gzip.decompress(packed), packed))
    with pytest.raises(UserError, match=cause) as caught:
        list(read_idx(path))
    assert str(caught.value).endswith("; fetch it again")


def test_idx_cut_short_and_the_other_set_are_told(tmp_path):
    sample("image", "mnist-full", tmp_path)
    path = tmp_path / "mnist/train-images-idx3-ubyte.gz"
    write_idx(path, np.zeros((5, 28, 28), np.uint8))
    with pytest.raises(UserError, match="5 images and 30 labels"):
        list(bound("image", "mnist-full", tmp_path).examples())
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(UserError, match=f"{path} cannot be read"):
        list(bound("image", "mnist-full", tmp_path).examples())
    clothes = np.array([9, 0, 0, 3, 0, 2, 7, 2, 5, 5], np.uint8)
    write_idx(tmp_path / "mnist/train-labels-idx1-ubyte.gz", clothes)
    with pytest.raises(UserError, match="holds fashion-mnist"):
        bound("image", "mnist-full", tmp_path)


def test_cifar_is_red_green_blue_row_by_row(tmp_path):
    first = next(sample("image", "cifar-10", tmp_path).examples())
    folder = tmp_path / "cifar-10-batches-bin"
    record = np.fromfile(folder / "data_batch_1.bin", np.uint8)[1:3073]
    for channel in range(3):
        for row in (0, 31):
            start = channel * 1024 + row * 32
            np.testing.assert_allclose(
                first.x[channel, row] * 255, record[start : start + 32], rtol=1e-6
            )
    (folder / "data_batch_2.bin").write_bytes(b"1234")
    with pytest.raises(UserError, match=r"data_batch_2\.bin is no whole number of records"):
        list(bound("image", "cifar-10", tmp_path).examples())


def test_offline_the_hub_says_what_to_put_where(tmp_path, monkeypatch):
    import datasets
    import huggingface_hub

    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    dataset = bound("image", "cifar-10", None)
    assert len(dataset.reader.hub.revision) == 40
    assert dataset.reader.hub.revision in dataset.fingerprint
    with pytest.raises(UserError, match=r"uoft-cs/cifar10.*--data-dir DIR.*cifar-10-batches-bin"):
        list(dataset.examples())


def test_hub_rows_are_read_like_the_files(monkeypatch):
    """What ``load_dataset`` gives for these repositories: images and class indices."""
    import datasets

    images = np.random.default_rng(0).integers(0, 256, (20, 32, 32, 3), dtype=np.uint8)
    features = datasets.Features(img=datasets.Image(), label=datasets.ClassLabel(10))
    table = datasets.Dataset.from_dict(
        {"img": list(images), "label": [i % 10 for i in range(20)]}, features=features
    )
    monkeypatch.setattr(datasets, "load_dataset", lambda *_, **__: table)
    made = list(bound("image", "cifar-10", None).examples())
    assert len(made) == 40
    np.testing.assert_allclose(made[3].x * 255, images[3].transpose(2, 0, 1), rtol=1e-6)
    assert made[3].labels == {"object": 3}


def test_hapt_windows_start_where_the_labels_say(tmp_path):
    dataset = sample("sensor", "hapt-raw", tmp_path)
    made = [e for e in dataset.examples() if e.group == "03"]
    # 200 samples hold two windows of 128, one every 64; 128 hold one; 100 none; the end, of 160
    # and without a label, one.
    assert [e.labels.get("activity") for e in made] == [0, 0, 1, None]
    assert [e.splits.get("activity") for e in made] == ["train"] * 3 + [None]
    for example, start in zip(made, (10, 74, 250, 490), strict=True):
        expected = 30 + np.arange(6)[:, None] + (start + np.arange(128)) / 1000
        np.testing.assert_allclose(example.x, expected, atol=1e-3)
    assert any("10 labelled segments are shorter" in remark for remark in dataset.remarks)
    assert "30 unlabelled stretches are shorter than a window: left out" in dataset.remarks
    prepared = prepare(dataset)
    bare = {e.group for i, e in enumerate(dataset.examples()) if not e.splits
            and i in set(prepared.training())}  # fmt: skip
    held_out = {e.group for e in dataset.examples() if e.splits.get("activity") in ("val", "test")}
    assert bare == {f"{user:02}" for user in (1, 2, 3, 4, 5, 6, 7, 8, 11, 14)} - held_out
    assert held_out >= {"02", "04"}


def test_hapt_unpacked_is_the_same_and_a_broken_recording_is_named(tmp_path):
    import zipfile

    sample("sensor", "hapt-raw", tmp_path / "zip")
    with zipfile.ZipFile(tmp_path / "zip/hapt/HAPT Data Set.zip") as archive:
        archive.extractall(tmp_path / "folder")
    zipped, folder = (bound("sensor", "hapt-raw", tmp_path / n) for n in ("zip", "folder"))
    for one, other in zip(zipped.examples(), folder.examples(), strict=True):
        np.testing.assert_array_equal(one.x, other.x)
    path = tmp_path / "folder/RawData/gyro_exp02_user02.txt"
    path.write_text(path.read_text().replace("23.0100", "what"))
    broken = bound("sensor", "hapt-raw", tmp_path / "folder")
    assert "02" not in {example.group for example in broken.examples()}
    assert any("skipped 1 of 10 recordings" in r and "exp02_user02" in r for r in broken.remarks)
    for path in (tmp_path / "folder/RawData").glob("acc_*"):
        path.write_text("broken\n")
    with pytest.raises(UserError, match="more than 2 of 10 recordings cannot be read"):
        list(bound("sensor", "hapt-raw", tmp_path / "folder").examples())


def test_pamap2_interpolates_and_uses_the_published_subjects(tmp_path):
    dataset = sample("sensor", "pamap2-raw", tmp_path)
    every = list(dataset.examples())
    assert [e.group for e in every if not e.splits] == ["1", "5", "6"]  # the last 10 s of each
    made = [e for e in every if e.splits]
    assert [e.splits["activity"] for e in made] == ["train"] * 2 + ["val"] * 2 + ["test"] * 2
    assert [e.labels["activity"] for e in made] == [0, 11] * 3
    np.testing.assert_allclose(made[0].x[0], 100 + np.arange(1000), rtol=1e-5)
    np.testing.assert_allclose(made[1].x[0, 0], 100 + 1150, rtol=1e-5)
    assert any("missing: interpolated" in remark for remark in dataset.remarks)


def test_wisdm_counts_broken_records(tmp_path):
    sample("sensor", "wisdm-raw", tmp_path)
    path = tmp_path / "WISDM_ar_v1.1/WISDM_ar_v1.1_raw.txt"
    path.write_text(path.read_text() + "7,Walking,123,1.0;\n" * 3)
    dataset = bound("sensor", "wisdm-raw", tmp_path)
    first = next(dataset.examples())
    np.testing.assert_array_equal(first.x, [np.arange(200), [0.5] * 200, [-1.25] * 200])
    assert any("skipped 3 of" in remark for remark in dataset.remarks)
    path.write_text(path.read_text() + "8,Walking,1;\n" * 150)
    with pytest.raises(UserError, match="records cannot be read"):
        list(bound("sensor", "wisdm-raw", tmp_path).examples())


def test_pamap2_says_which_class_test_lacks_and_cuts_where_the_clock_jumps(tmp_path):
    sample("sensor", "pamap2-raw", tmp_path)
    path = next(tmp_path.rglob("subject106.dat"))
    table = np.loadtxt(path)
    short = table[: 1150 + 255]  # 2.55 s of rope jumping, as the publisher's subject 6 has
    np.savetxt(path, short, fmt="%.6g")
    dataset = bound("sensor", "pamap2-raw", tmp_path)
    made = [e for e in dataset.examples() if e.splits.get("activity") == "test"]
    assert [e.labels["activity"] for e in made] == [0]
    assert "test has no window of: rope jumping" in dataset.remarks
    short[550:, 0] += 60  # lying is 11 s: a pause of a minute leaves 5.5 s before and after
    np.savetxt(path, short, fmt="%.6g")
    made = list(bound("sensor", "pamap2-raw", tmp_path).examples())
    assert not [e for e in made if e.splits.get("activity") == "test"]


def test_wisdm_records_of_time_0_do_not_cost_a_user_every_window(tmp_path):
    sample("sensor", "wisdm-raw", tmp_path)
    path = tmp_path / "WISDM_ar_v1.1/WISDM_ar_v1.1_raw.txt"
    whole = [e.x for e in bound("sensor", "wisdm-raw", tmp_path).examples()]
    records = [r for r in path.read_text().replace("\n", "").split(";") if r]
    changed, timeless, blank = [], 0, 0
    for number, record in enumerate(records):
        user, activity, time, *values = record.rstrip(",").split(",")
        if user == "3" and number % 10 == 4:  # each tenth has values and no time
            time, timeless = "0", timeless + 1
        changed.append(",".join([user, activity, time, *values]))
        if user == "4" and number % 50 == 7:  # and records that hold nothing
            changed.append(f"4,{activity},0,0,0,0.0")
            blank += 1
    path.write_text(";\n".join(changed) + ";\n")
    dataset = bound("sensor", "wisdm-raw", tmp_path)
    made = list(dataset.examples())
    np.testing.assert_array_equal([e.x for e in made], whole)
    remarks = " ".join(dataset.remarks)
    assert timeless > 30
    assert f"{timeless} records have values but the time 0 (user 3: {timeless})" in remarks
    assert f"{blank} records of time 0 and three values of 0 are left out" in remarks


def test_wisdm_cuts_where_time_jumps_among_records_of_time_0():
    from vmbench_domains.sensor.wisdm import _jumps

    period, second = 50_000_000, 1_000_000_000
    times = 10**12 + period * np.arange(10.0)
    times[[3, 4]] = 0
    assert not _jumps(times).any()
    times[5:] += 2 * second  # somewhere from row 2 to row 5
    assert np.flatnonzero(_jumps(times)).tolist() == [2, 4]
    assert not _jumps(np.zeros(5)).any()


@pytest.mark.parametrize("separator", [" ", ",", "\t"])
def test_ucr_text_with_and_without_the_test_file(separator, tmp_path):
    rows = np.column_stack([np.arange(60) % 2 + 1, np.arange(60 * 140).reshape(60, 140)])
    write_series(tmp_path / "ECG5000_TRAIN.txt", rows, separator)
    alone = prepare(bound("medical", "ecg5000", tmp_path))
    task = alone.dataset.tasks[0]
    assert [len(alone.split(task, split)) for split in SPLITS] == [42, 6, 12]
    assert "TEST is not in the folder" in task.split_rule
    write_series(tmp_path / "ECG5000_TEST.txt", rows[:10], separator)
    both = prepare(bound("medical", "ecg5000", tmp_path))
    assert [len(both.split(task, split)) for split in SPLITS] == [48, 12, 10]
    assert both.dataset.revision != alone.dataset.revision
    generic = bound("medical", "ucr", tmp_path)
    made = list(generic.examples())
    assert generic.tasks[0].classes == ("1", "2")
    np.testing.assert_array_equal(made[5].x[0], rows[5, 1:].astype(np.float32))


def test_npz_of_several_labels_is_a_multilabel_task(tmp_path):
    write_npz(tmp_path / "chestmnist.npz", (28, 28), labels=14)
    arrays = np.load(tmp_path / "chestmnist.npz")
    for name in ("npz", "chestmnist"):
        dataset = bound("medical", name, tmp_path)
        (task,) = dataset.tasks
        assert (task.kind, len(task.classes)) == ("multilabel", 14)
        examples = prepare(dataset)
        for split in SPLITS:
            labels = examples.labels(task, examples.split(task, split))
            np.testing.assert_array_equal(labels, arrays[f"{split}_labels"])


def test_npz_files_of_any_size_and_what_is_refused(tmp_path):
    write_npz(tmp_path / "mine.npz", (12, 10, 3))
    arrays = np.load(tmp_path / "mine.npz")
    dataset = bound("medical", "npz", tmp_path / "mine.npz")
    assert dataset.spec == Grid(3, 12, 10)
    first = next(dataset.examples())
    expected = arrays["train_images"][0].transpose(2, 0, 1) / 255
    np.testing.assert_allclose(first.x, expected, rtol=1e-6)
    write_npz(tmp_path / "other.npz", (28, 28))
    with pytest.raises(UserError, match=r"mine\.npz, other\.npz: name one"):
        bound("medical", "npz", tmp_path)
    write_npz(tmp_path / "pneumoniamnist.npz", (28, 28), labels=14)
    single = bound("medical", "pneumoniamnist", tmp_path)
    with pytest.raises(UserError, match="14 labels for each image; task pneumonia is multiclass"):
        list(single.examples())
    write_npz(tmp_path / "volumes.npz", (9, 9, 9))
    with pytest.raises(UserError, match="not volumes"):
        bound("medical", "npz", tmp_path / "volumes.npz")
    write_npz(tmp_path / "pneumoniamnist.npz", (64, 64))
    with pytest.raises(UserError, match=r"images of Grid\(1, 64, 64\)"):
        bound("medical", "pneumoniamnist", tmp_path)
    (tmp_path / "broken.npz").write_bytes(b"PK broken")
    with pytest.raises(UserError, match=r"broken\.npz.*cannot be read"):
        bound("medical", "npz", tmp_path / "broken.npz")


def test_adult_rows_by_hand(tmp_path):
    made = list(sample("tabular", "adult", tmp_path).examples())
    full, gaps = made[0].x, made[10].x
    assert full[:6].tolist() == [20, 77516, 13, 2174, 0, 40]
    assert full[6:].sum() == 8  # one value in each category
    assert gaps[6:].sum() == 6  # two are missing
    assert [e.labels["income"] for e in made[-2:]] == [0, 1]
    assert {e.splits["income"] for e in made[-2:]} == {"test"}


def test_covertype_and_higgs_split_by_row(tmp_path):
    made = list(sample("tabular", "covertype", tmp_path).examples())
    sides = ["train"] * 11_340 + ["val"] * 3_780 + ["test"] * 20
    assert [e.splits["cover"] for e in made] == sides
    table = np.loadtxt(tmp_path / "covertype/covtype.data.gz", delimiter=",", dtype=np.float32)
    np.testing.assert_array_equal(np.stack([e.x for e in made]), table[:, :-1])
    assert [e.labels["cover"] + 1 for e in made] == table[:, -1].tolist()

    dataset = sample("tabular", "higgs", tmp_path)
    made = list(dataset.examples())
    assert [e.splits["signal"] for e in made] == ["train"] * 60 + ["val"] * 3 + ["test"] * 3
    assert "has 66 of the publisher's 11000000 rows" in dataset.remarks[0]
    table = np.loadtxt(tmp_path / "higgs/HIGGS.csv.gz", delimiter=",")
    np.testing.assert_allclose(np.stack([e.x for e in made]), table[:, 1:], rtol=1e-6)
    assert [e.labels["signal"] for e in made] == table[:, 0].tolist()
    short = gzip.decompress((tmp_path / "higgs/HIGGS.csv.gz").read_bytes()).splitlines(True)[:21]
    (tmp_path / "higgs/HIGGS.csv.gz").write_bytes(gzip.compress(b"".join(short)))
    with pytest.raises(UserError, match="has 21 rows; 22 are needed at least"):
        list(bound("tabular", "higgs", tmp_path).examples())
    (tmp_path / "covertype/covtype.data.gz").write_bytes(b"no gzip")
    with pytest.raises(UserError, match=r"covtype\.data\.gz cannot be read"):
        list(bound("tabular", "covertype", tmp_path).examples())


@pytest.mark.parametrize("rate", [8000, 16000, 44100])
def test_a_tone_is_in_its_mel_band_at_any_rate(rate, tmp_path):
    from vmbench_domains.audio.clips import read_audio
    from vmbench_domains.audio.folder import AudioFolder
    from vmbench_domains.audio.logmel import hertz_to_mel
    from vmbench_domains.audio.resample import resample

    for i in range(4):
        write_tone(
            tmp_path / f"{'ab'[i % 2]}/{i}.wav", rate, seconds=1.0, frequency=1000.0, channels=2
        )
    wave = resample(*read_audio(tmp_path / "a/0.wav"), 16000)
    assert len(wave) == 16000
    expected = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(16000) / 16000)
    np.testing.assert_allclose(wave[400:-400], expected[400:-400], atol=2e-3)
    dataset = AudioFolder().bind(tmp_path)
    x = next(dataset.examples()).x[0]
    import torch

    mel = hertz_to_mel(torch.tensor([1000.0, 8000.0]))
    band = 65 * float(mel[0] / mel[1]) - 1
    assert abs(x[:, 32].argmax() - band) <= 1


def test_a_broken_clip_is_named_counted_and_skipped_up_to_the_limit(tmp_path):
    sample("audio", "fsdd", tmp_path)
    recordings = tmp_path / "fsdd/recordings"
    broken = recordings / "0_theo_10.wav"
    broken.write_bytes(b"RIFF")
    dataset = bound("audio", "fsdd", tmp_path)
    examples = prepare(dataset)
    assert len(examples) == 71
    assert examples.remarks == prepare(bound("audio", "fsdd", tmp_path)).remarks
    assert "skipped 1 of 72 clips" in examples.remarks[0]
    assert "0_theo_10.wav" in examples.remarks[0]
    for index in (0, 4, 5, 9, 49):
        (recordings / f"0_theo_{index}.wav").write_bytes(b"")
    with pytest.raises(UserError, match=r"more than 5 of 72 clips cannot be read, e\.g\. 0_theo"):
        list(bound("audio", "fsdd", tmp_path).examples())
