"""Folders and tables of one's own: layouts, splits, settings, and what is said of bad ones."""

import gzip

import numpy as np
import pandas
import pytest

from vmbench.data.dataset import SPLITS
from vmbench.data.examples import prepare
from vmbench.data.specs import Grid, Sequence, Vector
from vmbench.errors import UserError
from vmbench.registry import registry
from vmbench_domains.audio.samples import write_tone
from vmbench_domains.image.samples import write_image
from vmbench_domains.sensor.samples import write_recordings


def bound(domain, name, data_dir, target=None):
    return registry("domain").get(domain).dataset(name).bind(data_dir, target)


def sizes(dataset):
    examples = prepare(dataset)
    return [len(examples.split(dataset.tasks[0], split)) for split in SPLITS]


def image(path, colour):
    write_image(path, np.full((60, 40, 3), colour, np.uint8))


def test_image_folder_of_classes(tmp_path):
    for i in range(10):
        image(tmp_path / f"red/{i}.png", (255, i, 0))
        image(tmp_path / f"blue/deeper/{i}.jpg", (0, i, 255))
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "red/broken.png").write_bytes(b"\x89PNG broken")
    dataset = bound("image", "image-folder", tmp_path)
    assert dataset.tasks[0].classes == ("blue", "red")
    assert sum(sizes(dataset)) == 20
    remarks = " ".join(dataset.remarks)
    assert "skipped 1 of 21 images" in remarks
    assert "red/broken.png" in remarks
    assert "1 .txt" in remarks
    reds = [e for e in dataset.examples() if e.labels["label"] == 1]
    assert all(e.x.shape == (3, 32, 32) and e.x[0].min() == 1 and e.x[2].max() == 0 for e in reds)
    (tmp_path / "vmbench.toml").write_text("size = 20\nchannels = 1\n")
    assert bound("image", "image-folder", tmp_path).spec == Grid(1, 20, 20)
    (tmp_path / "vmbench.toml").write_text("sise = 20\n")
    with pytest.raises(UserError, match=r"vmbench\.toml.*did you mean 'size'"):
        bound("image", "image-folder", tmp_path)


def test_the_centre_of_an_oblong_image_is_kept(tmp_path):
    pixels = np.zeros((64, 128, 3), np.uint8)
    pixels[:, 32:96] = 200  # the central square
    for name in ("a/0", "a/1", "a/2", "b/0", "b/1", "b/2"):
        write_image(tmp_path / f"{name}.png", pixels)
    first = next(bound("image", "image-folder", tmp_path).examples())
    np.testing.assert_allclose(first.x[:, :, 1:-1], 200 / 255, rtol=1e-5)


def test_given_splits_are_kept_and_val_is_drawn_from_train(tmp_path):
    for split, count in (("train", 20), ("test", 4)):
        for i in range(count):
            image(tmp_path / split / "ab"[i % 2] / f"{i}.png", (i, i, i))
    dataset = bound("image", "image-folder", tmp_path)
    assert sizes(dataset) == [18, 2, 4]
    assert "10% of each class of its train" in dataset.tasks[0].split_rule


def test_metadata_names_label_subject_and_split(tmp_path):
    rows = ["file_name,label,subject"]
    for i in range(12):
        write_tone(tmp_path / f"clips/{i}.wav", 16000, frequency=300 + 100 * (i % 2))
        rows.append(f"clips/{i}.wav,{'low' if i % 2 == 0 else 'high'},person {i // 2}")
    (tmp_path / "metadata.csv").write_text("\n".join([*rows, "clips/99.wav,low,person 9"]))
    with pytest.raises(UserError, match=r"names 13 files, of which 1 are not there: clips/99\.wav"):
        bound("audio", "audio-folder", tmp_path)
    (tmp_path / "metadata.csv").write_text("\n".join(rows))
    dataset = bound("audio", "audio-folder", tmp_path)
    assert sizes(dataset) == [8, 2, 2]
    assert dataset.tasks[0].split_rule == "1 of 6 subjects held out for test, 1 for val"
    sides = {}
    for example in dataset.examples():
        sides.setdefault(example.group, set()).add(example.splits["label"])
    assert all(len(found) == 1 for found in sides.values())
    (tmp_path / "vmbench.toml").write_text("seconds = 2")
    longer = bound("audio", "audio-folder", tmp_path)
    assert longer.revision != dataset.revision
    assert next(longer.examples()).x.shape == (1, 64, 64)
    (tmp_path / "metadata.csv").write_text("file_name,class\n")
    with pytest.raises(UserError, match="no column 'label'"):
        bound("audio", "audio-folder", tmp_path)


def test_recordings_are_cut_within_labels_and_split_by_subject(tmp_path):
    write_recordings(tmp_path)
    dataset = bound("sensor", "recordings-raw", tmp_path)
    assert dataset.spec == Sequence(2, 250)
    assert bound("sensor", "recordings", tmp_path).spec == Grid(2, 32, 32)
    assert dataset.tasks[0].classes == ("rest", "walk")
    assert dataset.tasks[0].split_rule == "1 of 6 subjects held out for test, 1 for val"
    made = list(dataset.examples())
    assert len(made) == 12
    np.testing.assert_array_equal(made[1].x, np.add.outer([0, 1000], np.arange(300, 550)))
    assert "50 Hz; windows of 250 samples, one every 125" in dataset.remarks[0]
    assert sizes(bound("sensor", "recordings", tmp_path)) == [8, 2, 2]
    (tmp_path / "vmbench.toml").write_text("window = 100\nstep = 100\n")
    smaller = bound("sensor", "recordings-raw", tmp_path)
    assert len(list(smaller.examples())) == 6 * (3 + 2)


def test_recordings_in_one_parquet_file_with_gaps(tmp_path):
    frames = []
    for subject in "abcd":
        x = np.where(np.arange(300) % 7 == 3, np.nan, np.arange(300.0))
        labels = ["p"] * 150 + ["q"] * 150
        frames.append(pandas.DataFrame({"subject": subject, "activity": labels, "x": x}))
    pandas.concat(frames).to_parquet(tmp_path / "all.parquet")
    (tmp_path / "vmbench.toml").write_text("window = 100")
    dataset = bound("sensor", "recordings-raw", tmp_path, "activity")
    made = list(dataset.examples())
    assert len(made) == 16
    np.testing.assert_allclose(made[0].x[0], np.arange(100.0), atol=1e-4)
    assert any("14.33% of the values are missing" in remark for remark in dataset.remarks)


@pytest.mark.parametrize(("spoil", "message"), [
    (lambda root: None, "has no column 'activity'.*--target"),
    (lambda root: write_recordings(root / "more", channels=("x",)), "has the channels x"),
])  # fmt: skip
def test_bad_recordings_are_told(spoil, message, tmp_path):
    write_recordings(tmp_path)
    spoil(tmp_path)
    with pytest.raises(UserError, match=message):
        bound("sensor", "recordings", tmp_path, "activity" if "activity" in message else None)


def test_two_subjects_are_too_few(tmp_path):
    write_recordings(tmp_path, subjects=2)
    with pytest.raises(UserError, match=r"2 subjects are too few.*column 'split'"):
        bound("sensor", "recordings", tmp_path)


def table(**columns):
    count = 40
    base = {
        "size": np.arange(count, dtype=float),
        "colour": ["red", "blue"] * (count // 2),
        "name": [f"item {i}" * 2 for i in range(count)],
        "kind": ["a", "b", "b", "a"] * (count // 4),
    }
    return pandas.DataFrame(base | columns)


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".csv.gz", ".tsv"])
def test_table_of_any_format(suffix, tmp_path, monkeypatch):
    import vmbench_domains.own.tables as tables

    monkeypatch.setattr(tables, "AT_ONCE", 7)
    path = tmp_path / f"things{suffix}"
    frame = table()
    frame.loc[3, "size"] = np.nan
    frame.loc[5, "colour"] = None
    frame.loc[8, "kind"] = None
    if suffix == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_csv(path, index=False, sep="\t" if suffix == ".tsv" else ",")
    dataset = bound("tabular", "table", path, "kind")
    monkeypatch.setattr("vmbench_domains.tabular.own_table.MOST_CATEGORIES", 20)
    dataset = bound("tabular", "table", path, "kind")
    assert dataset.spec == Vector(3)
    assert dataset.tasks[0].classes == ("a", "b")
    made = list(dataset.examples())
    assert [row for row, e in enumerate(made) if not e.splits] == [8]
    assert made[0].x.tolist() == [0, 0, 1]  # size, blue, red
    assert made[5].x.tolist() == [5, 0, 0]
    trains = [e.splits.get("kind") == "train" for e in made]
    assert made[3].x[0] == pytest.approx(np.nanmean(frame["size"][trains]), rel=1e-5)
    remarks = " ".join(dataset.remarks)
    for part in ("texts of more than 20 values: name", "size 2.5%"):
        assert part in remarks
    assert sum(sizes(dataset)) == 39


def test_table_keeps_subjects_on_one_side_and_numbers_as_classes(tmp_path):
    table(subject=np.arange(40) // 4, kind=np.arange(40) % 3).to_csv(tmp_path / "t.csv")
    dataset = bound("tabular", "table", tmp_path, "kind")
    assert dataset.tasks[0].classes == ("0", "1", "2")
    assert "2 of 10 subjects" in dataset.tasks[0].split_rule
    given = ["train"] * 20 + ["dev"] * 8 + ["test"] * 12
    table(split=given).to_csv(tmp_path / "t.csv", index=False)
    assert sizes(bound("tabular", "table", tmp_path, "kind")) == [20, 8, 12]
    table(split=["train"] * 39 + ["trian"]).to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(UserError, match="'trian' is none of train, val, test"):
        bound("tabular", "table", tmp_path, "kind")


def test_a_subject_is_one_however_its_number_is_written(tmp_path):
    for name, subjects in (("a", np.arange(40) // 4), ("b", np.arange(40) // 4 * 1.0)):
        table(subject=subjects).to_csv(tmp_path / f"{name}.csv")
    dataset = bound("tabular", "table", tmp_path, "kind")
    assert "2 of 10 subjects" in dataset.tasks[0].split_rule
    sides = {}
    for example in dataset.examples():
        sides.setdefault(example.group, set()).update(example.splits.values())
    assert all(len(found) == 1 for found in sides.values())


def test_rows_without_a_subject_or_split_are_told(tmp_path):
    gaps = np.where(np.arange(40) < 3, np.nan, np.arange(40) // 4)
    table(subject=gaps).to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(UserError, match="3 of 40 examples name no subject"):
        bound("tabular", "table", tmp_path, "kind")
    table(split=["train"] * 20 + [""] * 8 + ["test"] * 12).to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(UserError, match="8 of 40 examples have no split"):
        bound("tabular", "table", tmp_path, "kind")


@pytest.mark.parametrize("name", ["t.csv.gz", "t.arff.gz"])
def test_a_compressed_table_that_is_cut_short_is_told(name, tmp_path):
    text = table().to_csv(index=False)
    if ".arff" in name:
        header, _, rows = text.partition("\n")
        columns = "".join(f"@attribute {c} string\n" for c in header.split(","))
        text = f"@relation t\n{columns}@data\n{rows}"
    packed = gzip.compress(text.encode())
    for kept in (len(packed) - 20, 30):
        (tmp_path / name).write_bytes(packed[:kept])
        with pytest.raises(UserError, match="cannot be read"):
            bound("tabular", "table", tmp_path / name, "kind")


def test_a_metadata_file_that_is_no_utf8_is_told(tmp_path):
    image(tmp_path / "a.png", 3)
    (tmp_path / "metadata.csv").write_bytes("file_name,label\na.png,größe\n".encode("latin-1"))
    with pytest.raises(UserError, match=r"metadata\.csv cannot be read.*UTF-8"):
        bound("image", "image-folder", tmp_path)


def test_a_target_of_many_or_broken_numbers_is_a_regression(tmp_path):
    whole, path = np.arange(40), tmp_path / "t.csv"
    cases = [
        (whole / 2 + 0.25, "kind", "regression"),
        (whole % 7, "kind", "multiclass"),
        (whole % 7, "kind:regression", "regression"),
        (whole // 2 / 2, "kind:multiclass", "multiclass"),
        (np.where(whole % 2, "1.5", "b"), "kind", "multiclass"),
        (np.where(whole % 2, True, False), "kind", "multiclass"),
    ]
    for values, target, kind in cases:
        table(kind=values).to_csv(path, index=False)
        dataset = bound("tabular", "table", path, target)
        assert dataset.tasks[0].kind == kind, (values, target)
        assert any(f"kind is read as {dataset.tasks[0].summary}" in r for r in dataset.remarks)
    for count, kind in ((50, "multiclass"), (51, "regression")):
        frame = pandas.concat([table()] * 4, ignore_index=True)
        frame["kind"] = np.arange(len(frame)) % count
        frame.to_csv(path, index=False)
        assert bound("tabular", "table", path, "kind").tasks[0].kind == kind
    (tmp_path / "vmbench.toml").write_text('target = "kind"\nkind = "multiclass"\n')
    assert bound("tabular", "table", tmp_path).tasks[0].kind == "multiclass"


def test_a_regression_keeps_its_targets_and_holds_out_rows_or_subjects(tmp_path):
    amounts = np.round(np.random.default_rng(0).standard_normal(40), 3)
    amounts[7] = np.nan
    table(kind=amounts).to_csv(tmp_path / "t.csv", index=False)
    dataset = bound("tabular", "table", tmp_path, "kind")
    examples = prepare(dataset)
    np.testing.assert_array_equal(examples.labels(dataset.tasks[0]), amounts)  # NaN: no label
    assert "20% of the rows held out" in dataset.tasks[0].split_rule
    assert [len(y) for y in examples.split_labels(dataset.tasks[0]).values()] == [27, 4, 8]
    table(kind=amounts, subject=np.arange(40) // 4).to_csv(tmp_path / "t.csv", index=False)
    assert "2 of 10 subjects" in bound("tabular", "table", tmp_path, "kind").tasks[0].split_rule


def test_a_regression_of_texts_or_of_infinity_is_one_clear_line(tmp_path):
    for bad in ("tall", "inf"):
        values = np.where(np.arange(40) == 4, bad, "1.5")
        table(kind=values).to_csv(tmp_path / "t.csv", index=False)
        with pytest.raises(UserError, match=f"--target kind is no number .* '{bad}'"):
            bound("tabular", "table", tmp_path, "kind:regression")
    with pytest.raises(UserError, match="did you mean 'regression'"):
        bound("tabular", "table", tmp_path, "kind:regresion")


def test_table_without_target_or_with_a_wrong_one(tmp_path):
    table().to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(UserError, match=r"--target \(size, colour, name, kind\)"):
        bound("tabular", "table", tmp_path)
    with pytest.raises(UserError, match="no column 'sort'; it has size"):
        bound("tabular", "table", tmp_path, "sort")
    table(kind="a").to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(UserError, match="has 1 different values"):
        bound("tabular", "table", tmp_path, "kind")
    (tmp_path / "vmbench.toml").write_text('target = "colour"\ndrop = ["name", "kind"]\n')
    assert bound("tabular", "table", tmp_path).spec == Vector(1)


@pytest.mark.parametrize(("domain", "name"), [
    ("image", "image-folder"), ("audio", "audio-folder"), ("sensor", "recordings"),
    ("tabular", "table"),
])  # fmt: skip
def test_an_empty_or_unnamed_folder(domain, name, tmp_path):
    for data_dir in (None, tmp_path):
        with pytest.raises(UserError, match=r"docs/your-data\.md|--target"):
            bound(domain, name, data_dir)
