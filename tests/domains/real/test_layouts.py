"""Layouts in which publishers have the same files, downloads that broke off, the paper's tasks."""

import json
import pickle
import shutil

import numpy as np
import pytest
from PIL import Image

from vmbench.cli import invoke
from vmbench.data.examples import prepare
from vmbench.errors import UserError
from vmbench.registry import registry
from vmbench_domains.image import frame_pickle, lsun
from vmbench_domains.image.samples import noise, write_image
from vmbench_domains.source import UNFINISHED, matching


def dataset_of(name):
    (domain,) = (d for d in registry("domain") if name in d.facts["datasets"])
    return registry("domain").get(domain.name).dataset(name)


def bound(name, data_dir):
    return dataset_of(name).bind(data_dir)


def sample(name, data_dir):
    data_dir.mkdir(parents=True, exist_ok=True)
    dataset_of(name).write_sample(data_dir)
    return bound(name, data_dir)


def read(dataset):
    return [(e.x.tobytes(), e.labels, e.splits, e.group) for e in dataset.examples()]


def move(root, moves):
    for old, new in moves.items():
        (root / new).parent.mkdir(parents=True, exist_ok=True)
        shutil.move(root / old, root / new)


# --- layouts


def test_celeba_in_the_publishers_folders_is_the_same(tmp_path):
    flat = read(sample("celeba", tmp_path / "flat"))
    sample("celeba", tmp_path / "own")
    names = {"img_align_celeba": "Img", "list_attr_celeba.txt": "Anno"}
    names["list_eval_partition.txt"] = "Eval"
    move(tmp_path / "own/celeba", {name: f"{folder}/{name}" for name, folder in names.items()})
    assert read(bound("celeba", tmp_path / "own")) == flat
    (tmp_path / "own/celeba/Eval/list_eval_partition.txt").unlink()
    with pytest.raises(UserError, match=r"list_eval_partition\.txt is missing"):
        bound("celeba", tmp_path / "own")


@pytest.mark.parametrize("data_dir", ["gtsrb", "."])
@pytest.mark.parametrize("train", ["Training", "Final_Training/Images"])
def test_gtsrb_as_the_archives_unpack_into_one_folder(train, data_dir, tmp_path):
    known = read(sample("gtsrb", tmp_path / "known"))
    sample("gtsrb", tmp_path / "gtsrb")
    root = tmp_path / "gtsrb"
    move(root, {"GTSRB/Final_Training/Images": "images"})
    shutil.rmtree(root / "GTSRB/Final_Training")
    move(root, {"images": f"GTSRB/{train}", "GTSRB/GT-final_test.csv": "GT-final_test.csv"})
    if data_dir == "gtsrb":
        shutil.rmtree(tmp_path / "known")
    dataset = bound("gtsrb", root if data_dir == "." else tmp_path)
    assert read(dataset) == known
    assert any("competition of 2011" in r for r in dataset.remarks) == (train == "Training")


def test_gtsrb_prefers_the_final_train(tmp_path):
    first = sample("gtsrb", tmp_path).reader
    shutil.copytree(first.root / "Final_Training/Images/00014", first.root / "Training/00014")
    again = bound("gtsrb", tmp_path).reader
    assert len(list(again.photos())) == len(list(first.photos())) == 10
    assert not again.remarks


def batches(root):
    """CheXpert's sample as the four archives at full resolution unpack."""
    dataset_of("chexpert").write_sample(root)
    small = root / "CheXpert-v1.0-small"
    first = root / "CheXpert-v1.0 batch 1 (validate & csv)"
    first.mkdir()
    for name in ("train.csv", "valid.csv"):
        text = (small / name).read_text().replace("CheXpert-v1.0-small/", "CheXpert-v1.0/")
        (first / name).write_text(text)
    shutil.move(small / "valid", first / "valid")
    for number, path in enumerate(sorted((small / "train").iterdir())):
        batch = root / f"CheXpert-v1.0 batch {2 + number // 10} (train {1 + number // 10})"
        batch.mkdir(exist_ok=True)
        shutil.move(path, batch / path.name)
    shutil.rmtree(small)


def test_chexpert_at_full_resolution_is_read_from_its_batches(tmp_path):
    known = read(sample("chexpert", tmp_path / "small"))
    (tmp_path / "full").mkdir()
    batches(tmp_path / "full")
    assert read(bound("chexpert", tmp_path / "full")) == known
    # With a folder train in each batch, as some tools unpack them.
    for batch in (tmp_path / "full").glob("*(train *)"):
        patients = list(batch.iterdir())
        (batch / "train").mkdir()
        for path in patients:
            shutil.move(path, batch / "train" / path.name)
    assert read(bound("chexpert", tmp_path / "full")) == known


def test_a_batch_of_chexpert_that_is_not_there_is_said_and_noticed_later(tmp_path):
    batches(tmp_path)
    last = tmp_path / "CheXpert-v1.0 batch 4 (train 3)"
    shutil.move(last, tmp_path / "away")
    dataset = bound("chexpert", tmp_path)
    assert len(list(dataset.examples())) == 30
    assert "10 of 30 frontal images of train.csv are in none of the batches" in dataset.remarks[0]
    shutil.move(tmp_path / "away", last)
    again = bound("chexpert", tmp_path)
    assert again.fingerprint != dataset.fingerprint
    assert len(list(again.examples())) == 40


# --- downloads that broke off


@pytest.mark.parametrize(("name", "file"), [
    ("higgs", "higgs/HIGGS.csv.gz"),
    ("covertype", "covertype/covtype.data.gz"),
    ("mnist-full", "mnist/train-images-idx3-ubyte.gz"),
    ("bloodmnist", "medmnist/bloodmnist.npz"),
    ("wm-811k", "MIR-WM811K/Python/LSWMD.pkl"),
])  # fmt: skip
def test_an_unfinished_download_is_no_data_and_is_named(name, file, tmp_path):
    sample(name, tmp_path)
    whole = tmp_path / file
    for suffix in UNFINISHED:
        part = whole.with_name(whole.name + suffix)
        part.write_bytes(whole.read_bytes()[:100])
    dataset = bound(name, tmp_path)
    assert dataset.reader.path_of(dataset.reader.files[0]) == whole
    before = dataset.fingerprint
    whole.unlink()
    with pytest.raises(UserError, match=rf"{whole.name}\S+ is an unfinished download") as caught:
        bound(name, tmp_path)
    assert "\n" not in str(caught.value)
    sample(name, tmp_path / "other")
    shutil.copy2(tmp_path / "other" / file, whole)
    for suffix in UNFINISHED:
        whole.with_name(whole.name + suffix).unlink()
    after = bound(name, tmp_path)
    assert len(before) == len(after.fingerprint) == 8


def test_what_lies_beside_data_is_not_data(tmp_path):
    """Resource forks of macOS, hidden folders and unfinished files match patterns, too."""
    for name in ("a.jpg", "._a.jpg", "a.jpg.part", ".cache/b.jpg", "__MACOSX/c.jpg", "d/e.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = {str(p.relative_to(tmp_path)) for p in matching(tmp_path, "**/*.jpg*")}
    assert found == {"a.jpg", "d/e.jpg"}
    # A hidden folder above does not hide what the user names.
    assert len(matching(tmp_path / ".cache", "*.jpg")) == 1


# --- the paper's tasks


@pytest.mark.parametrize("name", [
    "gtsrb-reference", "cub-200-reference", "vgg-flower-reference", "mscoco-reference",
    "pamap2-reference", "librispeech-dev-clean", "librispeech-100-speaker",
])  # fmt: skip
def test_the_card_says_that_a_task_is_the_papers_and_the_better_one_names_it(name, capsys):
    assert invoke(["info", name]) == 0
    assert "Tamkin et al. 2021" in " ".join(capsys.readouterr().out.split())
    better = "librispeech-100" if name.startswith("libri") else name.removesuffix("-reference")
    assert invoke(["info", better]) == 0
    assert name in " ".join(capsys.readouterr().out.split())


def spread(root, sign, tracks):
    """Rewrite the training table of a sign: 5 frames of each track."""
    folder = root / f"Final_Training/Images/{sign:05}"
    header = "Filename;Width;Height;Roi.X1;Roi.Y1;Roi.X2;Roi.Y2;ClassId"
    names = [f"{t:05}_{f:05}.ppm" for t in range(tracks) for f in range(5)]
    rows = [f"{name};50;40;5;5;44;35;{sign}" for name in names]
    (folder / f"GT-{sign:05}.csv").write_text("\n".join([header, *rows]) + "\n")


def test_gtsrb_reference_draws_frames_and_not_tracks_from_train_alone(tmp_path):
    root = sample("gtsrb-reference", tmp_path).reader.root
    spread(root, 0, 20)
    spread(root, 14, 8)
    shutil.rmtree(root / "Final_Test")
    (root / "GT-final_test.csv").unlink()
    photos = list(bound("gtsrb-reference", tmp_path).reader.photos())
    for sign, count in ((0, 100), (14, 40)):
        sides = [p.splits["sign"] for p in photos if p.labels["sign"] == sign]
        assert [sides.count(s) for s in ("train", "val", "test")] == [
            count * 7 // 10, count // 10, count // 5,
        ]  # fmt: skip
    assert all(photo.box is None for photo in photos)
    torn = {}
    for photo in photos:
        torn.setdefault(photo.group, set()).add(photo.splits["sign"])
    assert any(len(sides) > 1 for sides in torn.values())


def test_cub_200_reference_has_the_same_sides_and_whole_photographs(tmp_path):
    cut = list(sample("cub-200", tmp_path).reader.photos())
    whole = list(bound("cub-200-reference", tmp_path).reader.photos())
    assert [(p.path, p.labels, p.splits) for p in whole] == [
        (p.path, p.labels, p.splits) for p in cut
    ]
    assert {p.box is None for p in cut} == {False}
    assert {p.box for p in whole} == {None}


def test_mscoco_reference_enlarges_boxes_as_the_authors_and_leaves_out_none(tmp_path):
    root = sample("mscoco", tmp_path).reader.root
    table = root / "annotations/instances_train2017.json"
    annotations = json.loads(table.read_text())["annotations"]
    found = bound("mscoco-reference", tmp_path).reader.photos()
    photos = [photo for photo in found if photo.path.parent.name[0] == "t"]
    assert len(photos) == len(annotations) == 24
    found = sorted((int(p.path.stem), p.box) for p in photos)
    # Left 2.5, top 3, width 60, height 50, by hand: 2.5 - 6 = -3.5, -4 rounded from -4.0;
    # 3 - 5 - 0.5 = -2.5, even -2; -3.5 + 72 - 0.5 = 68, + 1; -2 + 60 - 0.5 = 57.5, even 58, + 1.
    assert (1, (-4, -2, 69, 59)) in found
    # A box of no width takes the pixel that it lies in: 10 - 0.5 = 9.5, even 10, to 11.
    assert dataset_of("mscoco-reference").cut(10, 20, 0, 10) == (10, 18, 11, 31)


def test_flowers_at_random_hold_out_a_fifth_of_each(tmp_path):
    from scipy.io import savemat

    root = sample("vgg-flower-reference", tmp_path).reader.root
    labels = np.repeat([1, 2], [40, 50])
    savemat(root / "imagelabels.mat", {"labels": labels[None].astype("u1")})
    ids = {"trnid": [1, 41], "valid": [2, 42]}
    ids["tstid"] = [n for n in range(1, 91) if n not in (1, 2, 41, 42)]
    savemat(root / "setid.mat", {k: np.array([v], "u2") for k, v in ids.items()})
    photos = list(bound("vgg-flower-reference", tmp_path).reader.photos())
    for label, count in ((0, 40), (1, 50)):
        sides = [p.splits["flower"] for p in photos if p.labels["flower"] == label]
        assert [sides.count(s) for s in ("val", "test")] == [count // 10, count // 5]
    assert len({p.path for p in photos}) == 90


def test_pamap2_reference_has_no_ironing(tmp_path):
    root = sample("pamap2-reference", tmp_path).reader.root
    for path in root.glob("*.dat"):
        table = np.loadtxt(path)
        table[table[:, 1] == 1, 1] = 17  # lying becomes ironing
        np.savetxt(path, table, fmt="%.6g")
    reference, ours = (bound(name, tmp_path) for name in ("pamap2-reference", "pamap2"))
    assert len(reference.tasks[0].classes) == 11
    assert "ironing" not in reference.tasks[0].classes
    labels = [e.labels["activity"] for e in reference.examples()]
    assert {reference.tasks[0].classes[label] for label in labels} == {"rope jumping"}
    assert sum(bool(e.labels) for e in ours.examples()) == 2 * len(labels) > 0


def test_librispeech_dev_clean_leaves_the_training_parts_alone(tmp_path):
    sample("librispeech-100", tmp_path)
    dev = sample("librispeech-dev-clean", tmp_path).reader
    assert dev.root.name == "dev-clean"
    assert {p.parents[2].name for p in dev.paths_of(dev.files[0])} == {"dev-clean"}
    assert [d.name for d in dev.downloads] == ["dev-clean.tar.gz"]
    assert not {d.name for d in dataset_of("librispeech-960").downloads} & {"dev-clean.tar.gz"}


@pytest.mark.parametrize(("name", "other"), [
    ("librispeech-100-speaker", "dev-clean"), ("librispeech-dev-clean", "train-clean-100"),
    ("librispeech-dev-clean", "test-clean"),
])  # fmt: skip
def test_a_part_of_librispeech_is_not_taken_for_another(name, other, tmp_path):
    root = sample(name, tmp_path).reader.root
    root.rename(root.with_name(other))
    with pytest.raises(UserError, match=f"{other} is {other}; dataset '{name}' is"):
        bound(name, root.with_name(other))
    root.with_name(other).rename(tmp_path / "renamed")
    assert bound(name, tmp_path / "renamed").reader.readers == ("19", "103")


# --- LSUN


def test_lsun_exported_is_the_same_as_its_databases(tmp_path):
    import lmdb

    dataset = sample("lsun", tmp_path / "lmdb")
    known = read(dataset)
    assert len(known) == 10
    assert len({x for x, *_ in known}) == 10
    for folder in dataset.reader.root.iterdir():
        out = tmp_path / "files/lsun" / folder.name.removesuffix("_lmdb")
        options = {"readonly": True, "lock": False}
        with lmdb.open(str(folder), **options) as database, database.begin() as transaction:
            for key, value in transaction.cursor():
                name = key.decode()
                path = out / "/".join(name[:6]) / f"{name}.webp"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(value)
    exported = bound("lsun", tmp_path / "files")
    assert read(exported) == known
    assert exported.tasks[0].classes == ("bedroom", "bridge")
    assert "church_outdoor" in exported.remarks[0]


def test_lsun_takes_the_first_keys_of_train_and_all_of_val(tmp_path, monkeypatch):
    monkeypatch.setattr(lsun, "TRAIN_LIMIT", 3)
    photos = list(sample("lsun", tmp_path).reader.photos())
    names = [int(p.path.name, 16) for p in photos if p.splits["scene"] != "test"]
    assert names == [0, 1, 2, 10, 11, 12]
    assert sum(p.splits["scene"] == "test" for p in photos) == 2


def test_lsun_that_is_broken_or_too_little_is_told(tmp_path, monkeypatch):
    dataset = sample("lsun", tmp_path)
    value = dataset.reader.root / "bridge_train_lmdb/data.mdb"
    value.write_bytes(b"no database" * 2000)
    with pytest.raises(UserError, match=r"bridge_train_lmdb/data\.mdb cannot be read"):
        list(bound("lsun", tmp_path).examples())
    shutil.rmtree(value.parent)
    with pytest.raises(UserError, match="1 of LSUN's categories"):
        bound("lsun", tmp_path)
    sample("lsun", tmp_path / "again")
    monkeypatch.setitem(__import__("sys").modules, "lmdb", None)
    with pytest.raises(UserError, match=r"'lmdb'.*pip install 'vmbench\[lsun\]'"):
        list(bound("lsun", tmp_path / "again").examples())


# --- EuroSAT


@pytest.mark.parametrize("place", ["EuroSAT/2750", "eurosat/2750", "EuroSAT_RGB", "2750"])
def test_eurosat_as_either_archive_unpacks(place, tmp_path):
    sample("eurosat", tmp_path / "sample")
    shutil.copytree(tmp_path / "sample/EuroSAT_RGB", tmp_path / "data" / place)
    dataset = bound("eurosat", tmp_path / "data")
    made = list(dataset.examples())
    assert len(made) == 30
    path = tmp_path / "data" / place / "AnnualCrop/AnnualCrop_1.jpg"
    with Image.open(path) as image:
        pixels = np.asarray(image, np.float32).transpose(2, 0, 1) / 255
    np.testing.assert_allclose(made[0].x, pixels, rtol=1e-6)
    assert sorted({e.labels["land-use"] for e in made}) == list(range(10))


# --- wafers


def test_wafer_maps_are_stretched_and_their_values_are_halved(tmp_path):
    dataset = sample("wm-811k", tmp_path)
    made = list(dataset.examples())
    columns = frame_pickle.read_frame(dataset.reader.root / "LSWMD.pkl")
    first = frame_pickle.plain(columns["waferMap"][0])
    np.testing.assert_array_equal(
        first, np.random.default_rng(0).integers(0, 3, (9, 11), dtype=np.uint8)
    )
    grey = Image.fromarray(first.astype(np.float32) / 2)
    expected = np.asarray(grey.resize((32, 32), Image.Resampling.BILINEAR))
    np.testing.assert_allclose(made[0].x[0], expected, atol=1e-6)
    assert [e.labels.get("pattern") for e in made[:2]] == [8, 0]  # none, center
    assert [e.splits for e in made[20:]] == [{}] * 4
    assert {e.splits["pattern"] for e in made if e.group == "lot5"} == {"test"}
    held_out = {e.group for e in made if e.splits == {"pattern": "val"}}
    assert len(held_out) == 1
    prepared = prepare(dataset)
    assert len(prepared) == 24
    assert set(range(20, 24)) < set(prepared.training())  # unlabelled


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("array", [
    np.arange(12, dtype=np.uint8).reshape(3, 4),
    np.asfortranarray(np.arange(12, dtype=np.int16).reshape(3, 4)),
    np.array([[1.5, -2]], ">f4"),
    np.array([["Edge-Ring"]]),
    np.array([[b"x", b"yz"]]),
    np.empty((0, 0)),
    np.array([["a", None]], object),
    np.array([True, False]),
], ids=lambda a: f"{a.dtype.str}-{a.shape}")  # fmt: skip
def test_arrays_are_what_numpy_pickled(array, protocol, tmp_path):
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps(array, protocol))
    with path.open("rb") as file:
        found = frame_pickle.plain(frame_pickle._load(file))
    np.testing.assert_array_equal(found, array)
    assert (found.shape, found.dtype.kind) == (array.shape, array.dtype.kind)


class Calls:
    """A pickle that calls something."""

    def __init__(self, function, *args):
        self.made = function, args

    def __reduce__(self):
        return self.made


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_a_pickle_that_would_run_anything_is_refused_unrun(protocol, tmp_path):
    import os

    touched = tmp_path / "touched"
    for call in (
        Calls(os.system, f"touch {touched}"),
        Calls(eval, f"open({str(touched)!r}, 'w')"),
        Calls(getattr, "text", "upper"),
        Calls(np.fromfile, str(touched)),
    ):
        path = tmp_path / "LSWMD.pkl"
        path.write_bytes(pickle.dumps({"waferMap": call}, protocol))
        with pytest.raises(UserError, match="which no table needs, so it is not opened") as caught:
            list(bound("wm-811k", tmp_path).examples())
        assert "\n" not in str(caught.value)
    assert not touched.exists()


def test_a_table_that_is_another_or_cut_short_is_one_clear_line(tmp_path):
    import pandas

    path = sample("wm-811k", tmp_path).reader.root / "LSWMD.pkl"
    whole = path.read_bytes()
    spoiled = {
        "cannot be read": [whole[:-40], b"", b"text", pickle.dumps([1]), pickle.dumps({"a": 1})],
        "has no column 'waferMap'": [whole.replace(b"waferMap", b"waferMat")],
        "pattern 'Centre'": [whole.replace(*(t.encode("utf-32-le") for t in ("Center", "Centre")))],
    }  # fmt: skip
    for cause, contents in spoiled.items():
        for content in contents:
            path.write_bytes(content)
            with pytest.raises(UserError, match=cause) as caught:
                list(bound("wm-811k", tmp_path).examples())
            assert str(path) in str(caught.value)
            assert "\n" not in str(caught.value)
    pandas.DataFrame({"waferMap": [1]}).to_pickle(path)  # columns of Arrow's texts
    with pytest.raises(UserError, match="a pandas before version 3 wrote it"):
        list(bound("wm-811k", tmp_path).examples())


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_the_publishers_table_is_read_as_pandas_pickled_it(protocol, tmp_path):
    """Texts, and 0 where there are none; columns of several kinds; its own name of the side."""
    import pandas

    rng = np.random.default_rng(3)
    maps = [rng.integers(0, 3, (20 + i, 25), dtype=np.uint8) for i in range(12)]
    table = {
        "dieSize": np.arange(12.0),
        "failureType": ["none", "Edge-Ring", "none", "Edge-Ring"] * 2 + ["none", "Edge-Ring", 0, 0],
        "lotName": [f"lot{1 + i // 2}" for i in range(12)],
        "trainTestLabel": ["Training"] * 8 + ["Test"] * 2 + [0, 0],
        "waferIndex": np.arange(12.0),
        "waferMap": maps,
    }
    path = tmp_path / "MIR-WM811K/Python/WM811K.pkl"
    path.parent.mkdir(parents=True)
    # Texts as objects: what pandas had before version 3.
    texts = {"failureType", "lotName", "trainTestLabel", "waferMap"}
    columns = {k: pandas.Series(v, dtype=object if k in texts else None) for k, v in table.items()}
    frame = pandas.DataFrame(columns)
    frame.columns = pandas.Index(list(table), dtype=object)
    frame.to_pickle(path, protocol=protocol)
    columns = frame_pickle.read_frame(path)
    assert set(columns) == set(table)
    np.testing.assert_array_equal(columns["waferIndex"], table["waferIndex"])
    for made, expected in zip(columns["waferMap"], maps, strict=True):
        np.testing.assert_array_equal(frame_pickle.plain(made), expected)
    made = list(bound("wm-811k", tmp_path).examples())
    assert [e.labels.get("pattern") for e in made] == [8, 3] * 5 + [None] * 2
    assert [e.splits.get("pattern") for e in made][8:] == ["test", "test", None, None]
    assert [e.group for e in made] == table["lotName"]


def test_a_map_with_other_values_is_skipped_and_named(tmp_path):
    path = sample("wm-811k", tmp_path).reader.root / "LSWMD.pkl"
    first = np.random.default_rng(0).integers(0, 3, (9, 11), dtype=np.uint8).tobytes()
    path.write_bytes(path.read_bytes().replace(first, b"\x07" * 99, 1))
    dataset = bound("wm-811k", tmp_path)
    assert len(list(dataset.examples())) == 23
    assert "skipped 1 of 24 wafer maps that cannot be read: row 0" in dataset.remarks[0]


def test_an_image_from_bytes_is_named_by_its_key(tmp_path):
    """What is skipped in a database says where it lies."""
    import lmdb

    dataset = sample("lsun", tmp_path)
    folder = dataset.reader.root / "bedroom_train_lmdb"
    with (
        lmdb.open(str(folder), map_size=1 << 20, lock=False) as database,
        database.begin(write=True) as transaction,
    ):
        transaction.put(b"f" * 40, b"no image")
    again = bound("lsun", tmp_path)
    assert len(list(again.examples())) == 10
    assert any(f"bedroom_train_lmdb/{'f' * 40}" in remark for remark in again.remarks)
    write_image(tmp_path / "x.png", noise(8, 8, 3))  # and the folder beside it is no matter
    assert len(list(bound("lsun", tmp_path).examples())) == 10
