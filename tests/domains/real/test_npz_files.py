"""``.npz`` files as people save them: values by type and range, labels of any kind, or one line."""

import zipfile

import numpy as np
import pytest

from vmbench.data.check import recognise
from vmbench.data.dataset import SPLITS
from vmbench.data.examples import prepare
from vmbench.errors import UserError
from vmbench.registry import registry

COUNTS = {"train": 40, "val": 10, "test": 10}


def pixels(count, *shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, *(shape or (12, 10))), np.uint8)


def arrays(images=lambda x: x, labels=lambda y: y, shape=(12, 10)):
    found = {}
    for seed, (split, count) in enumerate(COUNTS.items()):
        found[f"{split}_images"] = images(pixels(count, *shape, seed=seed))
        found[f"{split}_labels"] = labels((np.arange(count) % 2).reshape(-1, 1).astype(np.uint8))
    return found


def bind(path, **content):
    if content:
        np.savez(path, **content)
    return registry("domain").get("medical").dataset("npz").bind(path)


def read(path, **content):
    dataset = bind(path, **content)
    return dataset, list(dataset.examples())


def refused(path, **content):
    with pytest.raises(UserError) as caught:
        read(path, **content)
    assert str(caught.value).startswith(f"{path}")
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "mine.npz"


@pytest.mark.parametrize(("images", "expected"), [
    (lambda x: x, lambda x: x / 255),
    (lambda x: (x / 255).astype(np.float32), lambda x: x / 255),
    (lambda x: x / 255, lambda x: x / 255),
    (lambda x: (x / 255).astype(np.float16), lambda x: (x / 255).astype(np.float16)),
    (lambda x: x.astype(np.float32), lambda x: x / 255),
    (lambda x: x.astype(np.float16), lambda x: x / 255),
    (lambda x: x.astype(np.int64), lambda x: x / 255),
    (lambda x: x.astype(np.int16), lambda x: x / 255),
    (lambda x: x.astype(">u2"), lambda x: x / 255),
    (lambda x: x.astype(np.uint16) * 257, lambda x: x / 255),
    (lambda x: x.astype(">u2") * 257, lambda x: x / 255),
    (lambda x: x > 128, lambda x: x > 128),
    (np.asfortranarray, lambda x: x / 255),
    (lambda x: x / 255 * (1 + 1e-7), lambda x: x / 255),
])  # fmt: skip
def test_values_are_scaled_by_type_and_range(images, expected, path):
    dataset, made = read(path, **arrays(images))
    x = np.stack([example.x[0] for example in made])
    assert x.dtype == np.float32
    raw = np.concatenate([pixels(n, seed=seed) for seed, n in enumerate(COUNTS.values())])
    np.testing.assert_allclose(x, expected(raw).astype(np.float64), atol=2e-6)
    assert (dataset.spec.shape, x.min() >= 0, x.max() <= 1) == ((1, 12, 10), True, True)


@pytest.mark.parametrize(("images", "message"), [
    (lambda x: (x / 127.5 - 1).astype(np.float32), "float32 from -1 to 1: what is black"),
    (lambda x: x.astype(np.int8), "int8 from -128 to 127"),
    (lambda x: x.astype(np.float32) * 16, "float32 from 0 to 4080"),
    (lambda x: x.astype(np.uint16) * 16, "uint16 from 0 to 4080"),
    (lambda x: x.astype(np.int32) * 1000, "int32 from 0 to 255000"),
    (lambda x: x > 128, None),
    (lambda x: (x > 128).astype(np.uint8), "uint8 from 0 to 1: what is white"),
    (lambda x: x // 16, "uint8 from 0 to 15: what is white"),
    (lambda x: (x > 128).astype(np.int64), "int64 from 0 to 1"),
    (lambda x: x / 255 / 255, "divided by 255 twice"),
    (lambda x: (x - x.mean()) / x.std(), "float64 from -1."),
    (lambda x: np.where(x == 3, np.nan, x / 255), "NaN or infinite"),
    (lambda x: np.where(x == 3, np.inf, x / 255), "NaN or infinite"),
    (lambda x: x.astype(object), "train_images holds Python objects, which would have to be"),
    (lambda x: x / 255 + 0j, "type complex128: save numbers"),
    (lambda x: x.astype("U3"), "type <U3: save numbers"),
])  # fmt: skip
def test_values_that_could_mean_two_things_are_refused_with_their_range(images, message, path):
    if message is None:
        assert len(read(path, **arrays(images))[1]) == 60
    else:
        assert message in refused(path, **arrays(images))


def test_the_range_is_that_of_all_splits(path):
    content = arrays(lambda x: x / 255)
    content["test_images"] = content["test_images"] * 255
    _, made = read(path, **content)
    assert max(example.x.max() for example in made) == 1
    content["test_images"] = content["test_images"] - 128
    assert "float64 from -128 to" in refused(path, **content)
    content["test_images"] = pixels(10)
    assert "of different types (float64, uint8)" in refused(path, **content)


@pytest.mark.parametrize(("shape", "spec", "said"), [
    ((12, 10), (1, 12, 10), ""),
    ((12, 10, 1), (1, 12, 10), ""),
    ((12, 10, 3), (3, 12, 10), ""),
    ((3, 12, 10), (3, 12, 10), "channels come first"),
    ((1, 12, 10), (1, 12, 10), "channels come first"),
])  # fmt: skip
def test_channels_are_first_last_or_none(shape, spec, said, path):
    dataset, made = read(path, **arrays(shape=shape))
    assert dataset.spec.shape == spec
    assert said in " ".join(dataset.remarks)
    raw = pixels(40, *shape)[0] / 255
    axes = {3: lambda: raw.transpose(2, 0, 1) if shape[2] in (1, 3) else raw, 2: lambda: raw[None]}
    np.testing.assert_allclose(made[0].x, axes[len(shape)](), atol=1e-6)


@pytest.mark.parametrize(("shape", "message"), [
    ((12, 10, 4), "nor a fourth channel"),
    ((3, 12, 3), "which axis has the channels"),
    ((12, 10, 9), "not volumes"),
    ((12, 10, 9, 3), "not volumes"),
    ((120,), "not volumes"),
    ((12, 3), "8 pixels wide at least"),
])  # fmt: skip
def test_shapes_that_are_not_images_are_refused(shape, message, path):
    assert message in refused(path, **arrays(shape=shape))


def test_splits_of_different_sizes_and_images_last_are_refused(path):
    content = arrays()
    content["val_images"] = pixels(10, 14, 10)
    assert "train_images is of Grid(1, 12, 10), val_images of Grid(1, 14, 10)" in refused(
        path, **content
    )
    last = arrays(lambda x: x.transpose(1, 2, 0))
    assert "train_images is of Grid(1, 10, 40), val_images of Grid(1, 10, 10)" in refused(
        path, **last
    )


@pytest.mark.parametrize(("labels", "classes"), [
    (lambda y: y, ("0", "1")),
    (lambda y: y.ravel(), ("0", "1")),
    (lambda y: y[:, None], ("0", "1")),
    (lambda y: y + 1, ("1", "2")),
    (lambda y: y.astype(np.int8) * 2 - 1, ("-1", "1")),
    (lambda y: y.astype(np.float32), ("0", "1")),
    (lambda y: y.astype(np.float64) * 10, ("0", "10")),
    (lambda y: y == 1, ("0", "1")),
    (lambda y: np.array(["cat", "dog"])[y.ravel()], ("cat", "dog")),
    (lambda y: np.array([b"cat", b"dog"])[y], ("cat", "dog")),
    (lambda y: np.eye(2, dtype=np.uint8)[y.ravel()], ("0", "1")),
    (lambda y: np.eye(2)[y.ravel()] == 1, ("0", "1")),
    (lambda y: np.eye(2)[y.ravel()], ("0", "1")),
    (lambda y: y.astype(np.uint64), ("0", "1")),
])  # fmt: skip
def test_labels_of_every_plain_kind_are_classes(labels, classes, path):
    dataset, made = read(path, **arrays(labels=labels))
    (task,) = dataset.tasks
    assert (task.kind, task.classes) == ("multiclass", classes)
    assert [example.labels["label"] for example in made] == [i % 2 for i in range(60)]


def test_columns_with_one_1_are_classes_and_others_several_labels(path):
    dataset = bind(path, **arrays(labels=lambda y: np.eye(3, dtype=np.uint8)[y.ravel()]))
    assert "3 columns of labels with one 1 in every row: read as 3 classes" in dataset.remarks
    several = arrays(labels=lambda y: np.eye(3, dtype=np.uint8)[y.ravel()])
    several["test_labels"][3] = (1, 1, 0)
    assert bind(path, **several).tasks[0].kind == "multilabel"


@pytest.mark.parametrize(("labels", "message"), [
    (lambda y: y + 0.5, "40 values that are no whole numbers, e.g. 0.5 at 0"),
    (lambda y: np.where(np.arange(len(y))[:, None] == 3, np.nan, y), "1 values that are no whole "
     "numbers, e.g. nan at 3"),
    (lambda y: np.array(["cat", "dog"], object)[y.ravel()], "Python objects, which would have to"),
    (lambda y: np.concatenate([y, y * 0 + 5], 1), "2 columns, and not 0 and 1 alone"),
    (lambda y: np.array(["a", "b"])[np.concatenate([y, y], 1)], "2 columns, and not 0 and 1 alone"),
    (lambda y: y[:-1], "train_images has 40 images, train_labels 39 labels"),
    (lambda y: y * 0, "1 classes are in its labels; a task needs two"),
    (lambda y: np.arange(len(y)) * 7 + len(y), "different values for 40 train images"),
    (lambda y: np.uint8(3), "one value, not a label for each image"),
    (lambda y: y + 0j, "of type complex128"),
    (lambda y: y[:0], "40 images, train_labels 0 labels"),
])  # fmt: skip
def test_labels_that_are_none_are_refused_with_the_array(labels, message, path):
    said = refused(path, **arrays(labels=labels))
    assert message in said or "0 classes" in said


def test_names_of_keras_and_a_val_of_its_own(path):
    content = {"x_train": pixels(40), "y_train": np.arange(40) % 2,
               "x_test": pixels(10, seed=1), "y_test": np.arange(10) % 2}  # fmt: skip
    dataset, made = read(path, **content)
    sides = [example.splits["label"] for example in made]
    assert [sides.count(split) for split in SPLITS] == [36, 4, 10]
    assert set(sides[40:]) == {"test"}
    assert "10% of each class of its train held out for val" in dataset.tasks[0].split_rule
    content["x_val"], content["y_val"] = pixels(6, seed=2), np.arange(6) % 2
    assert [e.splits["label"] for e in read(path, **content)[1]].count("val") == 6
    content.pop("y_val")
    assert "holds x_val without y_val" in refused(path, **content)
    assert "holds images, labels; wanted" in refused(path, images=pixels(9), labels=np.arange(9))


def test_a_val_by_any_of_its_names_is_val_and_what_else_there_is_is_said(path):
    content = arrays()
    for other in ("valid", "validation", "dev", "VAL"):
        renamed = {name.replace("val", other): x for name, x in content.items()}
        dataset, made = read(path, **renamed)
        assert [e.splits["label"] for e in made].count("val") == 10
        assert dataset.tasks[0].split_rule == "the file's train, val and test"
        assert dataset.remarks == []
    both = {**content, "valid_images": pixels(4), "valid_labels": np.arange(4) % 2}
    assert "holds val_images and valid_images: keep one" in refused(path, **both)
    upper = {name.upper(): x for name, x in content.items()}
    assert (
        "arrays left alone: about, extra_images"
        in bind(path, **upper, about=np.array({}, dtype=object), extra_images=pixels(3)).remarks
    )


def test_texts_are_one_class_whatever_blanks_are_around_them(path):
    content = arrays(labels=lambda y: np.array(["caf\u00e9", "NA"])[y.ravel()])
    content["train_labels"] = np.array([" cafe\u0301", "NA "])[np.arange(40) % 2]
    assert bind(path, **content).tasks[0].classes == ("NA", "caf\u00e9")
    content["train_labels"] = np.array(["a\nb", "NA"])[np.arange(40) % 2]
    assert r"train_labels holds 'a\nb', which is no name of a class" in refused(path, **content)
    content["train_labels"] = np.array([b"caf\xe9", b"NA"])[np.arange(40) % 2]
    assert "which is no UTF-8" in refused(path, **content)


def test_empty_and_broken_files_are_refused(path, tmp_path):
    content = arrays()
    whole = {**content, "train_images": pixels(0), "train_labels": np.zeros((0, 1), np.uint8)}
    assert "train_images is empty, its shape (0, 12, 10)" in refused(path, **whole)
    np.savez(path, **content)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    assert "cannot be read as an .npz" in refused(path)
    np.savez_compressed(path, **content)
    data = bytearray(path.read_bytes())
    data[400:430] = bytes(30)
    path.write_bytes(data)
    assert "train_images cannot be read" in refused(path)
    np.save(tmp_path / "one.npy", content["train_images"])
    (tmp_path / "one.npy").rename(path)
    assert "a single array, a .npy by another name" in refused(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")
    assert "holds readme.txt; wanted are train_images" in refused(path)


def test_a_fault_in_an_npz_is_not_the_archives(path, tmp_path):
    domain = registry("domain").get("medical")
    np.savez(path, **arrays(lambda x: x.astype(object)))
    with pytest.raises(UserError, match=rf"^{path}: train_images holds Python objects"):
        recognise(domain, path, None)
    with pytest.raises(UserError, match=rf"^{path}: train_images holds Python objects"):
        recognise(domain, tmp_path, None)
    np.savez(path, **arrays())
    upper = path.rename(tmp_path / "MINE.NPZ")
    assert [dataset.name for dataset in recognise(domain, upper, None)] == ["npz"]


# As MedMNIST's info.py of version 3 gives them, whose files are those of Zenodo's record 10519652.
PUBLISHED = {
    "bloodmnist": "7053d0359d879ad8a5505303e11de1dc",
    "breastmnist": "750601b1f35ba3300ea97c75c52ff8f6",
    "chestmnist": "02c8a6516a18b556561a56cbdd36c4a8",
    "dermamnist": "0744692d530f8e62ec473284d019b0c7",
    "octmnist": "c68d92d5b585d8d81f7112f81e2d0842",
    "organamnist": "68e3f8846a6bd62f0c9bf841c0d9eacc",
    "pathmnist": "a8b06965200029087d5bd730944a56c1",
    "pneumoniamnist": "28209eda62fecd6e6a2d98b1501bb15f",
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_checksums_are_the_publishers(name):
    (source,) = registry("domain").get("medical").dataset(name).sources()
    assert f"/10519652/files/{name}.npz" in source
    assert PUBLISHED[name] in source


@pytest.mark.parametrize("name", ["unlabelled_images", "Unlabeled_images", "x_unlabelled"])
def test_images_without_labels_are_pretrained_on(name, path):
    more = pixels(7, seed=9)
    dataset, made = read(path, **arrays(), **{name: more})
    bare = [e.x for e in made if not e.splits]
    np.testing.assert_allclose(np.stack(bare)[:, 0], more / 255, rtol=1e-6)
    assert len(prepare(dataset).training()) == COUNTS["train"] + 7
    assert dataset.revision != bind(path, **arrays()).revision
    alone = bind(path, **{name: more})
    assert (alone.tasks, alone.no_task) == ((), f"mine.npz holds {name} alone")
    assert len(prepare(alone).training()) == 7


def test_images_without_labels_are_like_the_others(path):
    wider = {"unlabelled_images": pixels(4, 12, 11)}
    assert "train_images is of Grid" in refused(path, **arrays(), **wider)
    assert "unlabelled_images of Grid" in refused(path, **arrays(), **wider)
    floats = {"unlabelled_images": pixels(4) / 255}
    assert "different types" in refused(path, **arrays(), **floats)
    content = arrays() | {"unlabelled_images": pixels(4)}
    content.pop("test_images")
    assert "holds" in refused(path, **content)  # not taken for a file without any label
