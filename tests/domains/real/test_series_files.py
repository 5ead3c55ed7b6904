"""Series of the UCR archive: the formats of its zips, read as aeon's page of ``.ts`` has them."""

import numpy as np
import pytest

from vmbench.data.check import recognise
from vmbench.errors import UserError
from vmbench.registry import registry

VALUES = np.random.default_rng(0).standard_normal((30, 40)).round(4)
LABELS = [str(i % 2 + 1) for i in range(30)]
HEADER = (
    "#The beats of a heart\n@problemName Thing\n@timeStamps false\n@missing false\n"
    "@univariate true\n@equalLength true\n@seriesLength 40\n@classLabel true 1 2\n@data\n"
)


def columns(separator="\t", values=VALUES, labels=LABELS):
    rows = (separator.join([y, *map(str, x)]) for y, x in zip(labels, values, strict=True))
    return "\n".join(rows) + "\n"


def ts(header=HEADER, values=VALUES, labels=LABELS):
    rows = (f"{','.join(map(str, x))}:{y}" for y, x in zip(labels, values, strict=True))
    return header + "\n".join(rows) + "\n"


def write(root, name="Thing", test=True, **content):
    root.mkdir(exist_ok=True)
    for suffix, text in content.items():
        for side in ("TRAIN", "TEST") if test else ("TRAIN",):
            (root / f"{name}_{side}.{suffix}").write_text(text, encoding="utf-8")
    return root


def bind(root, name="ucr"):
    return registry("domain").get("medical").dataset(name).bind(root)


def read(root, name="ucr"):
    dataset = bind(root, name)
    made = list(dataset.examples())
    names = [dataset.tasks[0].classes[e.labels[dataset.tasks[0].name]] for e in made]
    return dataset, np.stack([e.x for e in made]), names


def refused(root, name="ucr"):
    with pytest.raises(UserError) as caught:
        read(root, name)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("content", [
    {"ts": ts()},
    {"ts": ts(HEADER.lower().replace("@data", "@DATA"))},
    {"ts": ts("\ufeff" + HEADER)},
    {"tsv": columns()},
    {"txt": columns("  ")},
    {"txt": columns(",")},
    {"csv": columns(",")},
    {"txt": columns(";")},
    {"tsv": columns().replace("\n", "\n\n")},
    {"tsv": columns().replace("\n", "\r\n")},
    {"tsv": columns(labels=[f"{float(y):.7e}" for y in LABELS])},
])  # fmt: skip
def test_every_format_of_the_archive_gives_the_same_series(content, tmp_path):
    dataset, x, names = read(write(tmp_path / "t", **content))
    np.testing.assert_array_equal(x[:, 0], np.concatenate([VALUES, VALUES]).astype(np.float32))
    assert names == LABELS + LABELS
    assert dataset.tasks[0].classes == ("1", "2")
    assert dataset.remarks == []


def test_a_zip_of_the_archive_holds_three_formats_and_one_is_read(tmp_path):
    root = write(tmp_path / "t", ts=ts(values=VALUES + 9), txt=columns(" "), arff="@relation x\n")
    (root / "Thing.txt").write_text("about the data")
    dataset, x, _ = read(root)
    assert dataset.reader.train_path().name == "Thing_TRAIN.txt"
    np.testing.assert_array_equal(x[:30, 0], VALUES.astype(np.float32))
    write(root, tsv=columns(values=VALUES - 9))
    assert bind(root).reader.train_path().name == "Thing_TRAIN.tsv"
    (root / "Thing_TEST.tsv").unlink()
    assert bind(root).reader.train_path().name == "Thing_TRAIN.txt"  # its TEST is there
    (root / "Thing_TEST.txt").unlink()
    assert bind(root).reader.test_path().name == "Thing_TEST.ts"


def test_ecg5000_is_read_as_its_zip_unpacks(tmp_path):
    long = np.random.default_rng(1).standard_normal((30, 140)).round(4)
    labels = [str(i % 5 + 1) for i in range(30)]
    header = HEADER.replace("1 2", "1 2 3 4 5")
    write(tmp_path / "ecg5000", name="ECG5000", ts=ts(header, long, labels),
          txt=columns("  ", long, labels), arff="@relation x\n")  # fmt: skip
    _, x, names = read(tmp_path, "ecg5000")
    assert x.shape == (60, 1, 140)
    assert names[:2] == ["normal", "R-on-T premature ventricular contraction"]
    assert recognise(registry("domain").get("medical"), tmp_path, None)[0].name == "ecg5000"
    for side in ("TRAIN", "TEST"):
        (tmp_path / f"ecg5000/ECG5000_{side}.txt").unlink()
    np.testing.assert_array_equal(read(tmp_path, "ecg5000")[1], x)


def test_classes_are_texts_where_they_are_no_numbers(tmp_path):
    words = ["Walking", "10", "9"] * 10
    header = HEADER.replace("true 1 2", "true Walking 10 9")
    for content in ({"tsv": columns(labels=words)}, {"ts": ts(header, labels=words)}):
        dataset, _, names = read(write(tmp_path / next(iter(content)), **content))
        assert dataset.tasks[0].classes == ("10", "9", "Walking")
        assert names[:30] == words
    numbers = ["10", "9", "-1"] * 10
    assert bind(write(tmp_path / "n", tsv=columns(labels=numbers))).tasks[0].classes == (
        "-1", "9", "10",
    )  # fmt: skip


def test_channels_of_ts_are_channels(tmp_path):
    both = "".join(
        f"{','.join(map(str, x))}:{','.join(map(str, 2 * x))}:{y}\n"
        for y, x in zip(LABELS, VALUES, strict=True)
    )
    header = HEADER.replace("@univariate true", "@univariate false\n@dimension 2")
    dataset, x, _ = read(write(tmp_path / "t", ts=header + both))
    assert str(dataset.spec) == "Sequence(2, 40)"
    np.testing.assert_allclose(x[:30, 1], 2 * VALUES, rtol=1e-6)


@pytest.mark.parametrize(("header", "message"), [
    (HEADER.replace("@timeStamps false", "@timeStamps true"), "line 3: time stamps beside values"),
    (HEADER.replace("@equalLength true", "@equalLength false"), "line 6: series of different"),
    (HEADER.replace("@classLabel true 1 2", "@classLabel false"), "line 8: it holds no labels"),
    (HEADER.replace("@classLabel true 1 2", "@targetLabel true"), "line 8: numbers to predict"),
    (HEADER.replace("@missing false", "@missing"), "line 4: @missing is true or false"),
    (HEADER.replace("@data\n", ""), "line 9: a header line starts with @"),
])  # fmt: skip
def test_what_a_header_of_ts_says_and_is_not_read_is_refused(header, message, tmp_path):
    assert message in refused(write(tmp_path / "t", ts=ts(header)))


def test_ts_that_is_cut_short_is_refused(tmp_path):
    assert "no line @data" in refused(write(tmp_path / "t", ts=HEADER.replace("@data\n", "")))
    assert "holds no series" in refused(write(tmp_path / "u", ts=HEADER))
    assert "holds no series" in refused(write(tmp_path / "v", tsv=""))


@pytest.mark.parametrize(("content", "message"), [
    ({"tsv": columns(values=np.roll(VALUES, 1, 1), labels=[str(v) for v in VALUES[:, 0]])},
     "not whole numbers"),
    ({"tsv": columns().replace(".", ",")}, "holds no series"),
    ({"txt": columns(" ").replace(".", ",")}, "holds no series"),
    ({"tsv": columns(labels=["1"] * 30)}, "holds 1 class; a task needs two"),
    ({"arff": "@relation x\n"}, "none of the formats that are read: .tsv, .txt, .csv, .ts"),
    ({"tsv": columns(values=VALUES[:, :7])}, "a label and 7 samples; 8 are wanted"),
])  # fmt: skip
def test_columns_that_are_something_else_are_refused(content, message, tmp_path):
    assert message in refused(write(tmp_path / "t", **content))


def test_a_header_and_broken_lines_are_skipped_and_said(tmp_path):
    named = "label\t" + "\t".join(f"t{i}" for i in range(40)) + "\n" + columns()
    dataset, x, _ = read(write(tmp_path / "t", tsv=named))
    assert len(x) == 60
    assert "Thing_TRAIN.tsv, line 1 (could not convert" in dataset.remarks[0]
    lines = ts().splitlines()
    for row, missing in ((13, "?"), (18, "NaN")):
        lines[row] = missing + lines[row][lines[row].index(",") :]
    gaps = "\n".join(lines)
    dataset, x, _ = read(write(tmp_path / "g", ts=gaps))
    assert len(x) == 56
    assert "line 14 (could not" in dataset.remarks[0]
    assert "line 19 (a value is missing" in dataset.remarks[0]
    short = columns().splitlines()
    short[3] = short[3].rpartition("\t")[0]
    dataset, _, _ = read(write(tmp_path / "s", tsv="\n".join(short)))
    assert "line 4 (39 samples, not 40 samples as in the lines above)" in dataset.remarks[0]


def test_a_missing_label_shifts_nothing(tmp_path):
    for number, missing in enumerate(("", "?", "nan")):
        lines = columns().splitlines()
        lines[4] = missing + lines[4][lines[4].index("\t") :]
        dataset, x, _ = read(write(tmp_path / str(number), tsv="\n".join(lines)))
        assert x.shape == (58, 1, 40)
        assert "Thing_TRAIN.tsv, line 5 (its label is missing)" in dataset.remarks[0]


def test_a_link_to_a_test_that_is_gone_is_refused(tmp_path):
    root = write(tmp_path / "t", test=False, tsv=columns())
    assert "TEST is not in the folder" in bind(root).tasks[0].split_rule
    (root / "Thing_TEST.tsv").symlink_to("/nonexistent")
    assert "is a link that leads nowhere" in refused(root)


@pytest.mark.parametrize(
    "name", ["Other_TEST.tsv", "Thing_TEST.txt", "Thing_test.tsv", "x_Test.ts"]
)
def test_no_test_is_drawn_where_one_lies_by_another_name(name, tmp_path):
    root = write(tmp_path / "t", test=False, tsv=columns())
    (root / name).write_text(columns())
    assert f"Thing_TRAIN.tsv has no Thing_TEST.tsv beside it, and {root} holds {name}" in refused(
        root
    )
    (root / name).rename(root / f".{name}")
    assert "TEST is not in the folder" in bind(root).tasks[0].split_rule


def test_a_test_in_a_format_that_is_not_read_is_not_left_aside_but_another_sets_is(tmp_path):
    root = write(tmp_path / "t", "ECG5000", test=False, tsv=columns())
    write(root, "Other", tsv=columns())
    assert "TEST is not in the folder" in bind(root, "ecg5000").tasks[0].split_rule
    write(root, "ECG5000", arff="@relation x\n")
    assert "holds ECG5000_TEST.arff" in refused(root, "ecg5000")


def test_test_files_of_another_length_or_class_are_refused(tmp_path):
    root = write(tmp_path / "t", tsv=columns())
    (root / "Thing_TEST.tsv").write_text(columns(values=VALUES[:, :39]))
    assert "Thing_TEST.tsv, line 1: (1, 39), TRAIN has Sequence(1, 40)" in refused(root)
    (root / "Thing_TEST.tsv").write_text(columns(labels=["3"] * 30))
    assert "Thing_TEST.tsv, line 1: the class 3 does not occur in TRAIN" in refused(root)


def test_two_datasets_in_one_folder_are_refused(tmp_path):
    write(write(tmp_path / "t", tsv=columns()), name="Other", ts=ts())
    assert "holds Other, Thing: put one dataset" in refused(tmp_path / "t")
