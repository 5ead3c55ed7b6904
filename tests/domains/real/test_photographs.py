"""Sets of photographs: boxes, lists and sides by hand, on the sets' own samples."""

import csv
import json

import numpy as np
import pytest
from PIL import Image, ImageOps

from vmbench.cli import invoke
from vmbench.errors import UserError
from vmbench.registry import registry
from vmbench_domains.image import coco
from vmbench_domains.image.samples import write_image


def dataset_of(name):
    return registry("domain").get("image").dataset(name)


def bound(name, data_dir):
    return dataset_of(name).bind(data_dir)


def sample(name, data_dir):
    dataset_of(name).write_sample(data_dir)
    return bound(name, data_dir)


def pixels(path, rows, columns):
    """The oracle of a box: slices of the decoded array, then as every image is fitted."""
    with Image.open(path) as image:
        cut = np.asarray(image.convert("RGB"))[rows, columns]
    fitted = ImageOps.fit(Image.fromarray(cut), (32, 32), Image.Resampling.BILINEAR)
    return np.asarray(fitted, np.float32).transpose(2, 0, 1) / 255


def test_boxes_are_cut_out_as_each_publisher_counts_pixels(tmp_path):
    # Aircraft: 3 5 46 36, from 1 and the last included.
    made = next(sample("aircraft", tmp_path).examples())
    path = tmp_path / "fgvc-aircraft-2013b/data/images/0000001.jpg"
    np.testing.assert_allclose(made.x, pixels(path, slice(4, 36), slice(2, 46)), rtol=1e-6)
    # Birds: left 2, top 4, width 44, height 34.
    made = next(sample("cub-200", tmp_path).examples())
    path = tmp_path / "CUB_200_2011/images/001.Black_footed_Albatross/Bird_0000_0.jpg"
    np.testing.assert_allclose(made.x, pixels(path, slice(4, 38), slice(2, 46)), rtol=1e-6)
    # Traffic signs: 5;5;44;35, borders of 5 pixels in 50 x 40, so the last are excluded.
    made = next(sample("gtsrb", tmp_path).examples())
    path = tmp_path / "GTSRB/Final_Training/Images/00000/00000_00000.ppm"
    np.testing.assert_allclose(made.x, pixels(path, slice(5, 35), slice(5, 44)), rtol=1e-6)
    # MSCOCO: left 2.5 (even), top 3, width 60, height 50; then 40, 20, 50, 40.2.
    first, second = list(sample("mscoco", tmp_path).examples())[:2]
    path = tmp_path / "coco/train2017/000000000001.jpg"
    np.testing.assert_allclose(first.x, pixels(path, slice(3, 53), slice(2, 62)), rtol=1e-6)
    np.testing.assert_allclose(second.x, pixels(path, slice(20, 60), slice(40, 90)), rtol=1e-6)


def test_a_box_beyond_the_image_is_clipped_and_one_outside_is_skipped(tmp_path):
    sample("cub-200", tmp_path)
    table = tmp_path / "CUB_200_2011/bounding_boxes.txt"
    rows = table.read_text().splitlines()
    rows[0], rows[1] = "1 30.0 20.0 400.0 300.0", "2 60.0 0.0 5.0 5.0"
    table.write_text("\n".join(rows))
    dataset = bound("cub-200", tmp_path)
    made = list(dataset.examples())
    path = tmp_path / "CUB_200_2011/images/001.Black_footed_Albatross/Bird_0000_0.jpg"
    np.testing.assert_allclose(made[0].x, pixels(path, slice(20, 40), slice(30, 50)), rtol=1e-6)
    assert len(made) == 7
    assert "skipped 1 of 8 images" in dataset.remarks[0]
    assert "outside of its 50 x 40 pixels" in dataset.remarks[0]


@pytest.mark.parametrize("name", ["dtd", "vgg-flower", "celeba", "mscoco", "fungi"])
def test_broken_and_missing_files_are_named_and_counted_up_to_the_limit(name, tmp_path):
    dataset = sample(name, tmp_path)
    total = len(list(dataset.examples()))
    paths = list(dict.fromkeys(photo.path for photo in dataset.reader.photos()))
    paths[0].write_bytes(paths[0].read_bytes()[:200])
    torn = bound(name, tmp_path)
    of_first = sum(photo.path == paths[0] for photo in torn.reader.photos())
    assert len(list(torn.examples())) == total - of_first
    assert f"skipped {of_first} of {total} {torn.reader.noun}" in torn.remarks[0]
    assert paths[0].name in torn.remarks[0]
    noun = torn.reader.noun
    for path in paths[1:3]:
        path.unlink()
    with pytest.raises(UserError, match=rf"more than \d of {total} {noun} cannot be read"):
        list(bound(name, tmp_path).examples())


@pytest.mark.parametrize(("name", "table", "spoil"), [
    ("aircraft", "fgvc-aircraft-2013b/data/images_variant_val.txt", "0000011 Concorde\n"),
    ("cub-200", "CUB_200_2011/image_class_labels.txt", "1 1\n"),
    ("dtd", "dtd/labels/test1.txt", "furry/furry_0001.jpg\n"),
    ("gtsrb", "GTSRB/GT-final_test.csv", "Filename;ClassId\n00000.ppm;14\n"),
    ("vgg-flower", "flowers-102/setid.mat", "no mat file"),
    ("celeba", "celeba/list_eval_partition.txt", "000002.jpg 0\n"),
    ("fungi", "fungi/val.json", '{"images": [], "annotations": [{"image_id": 3}]}'),
    ("mscoco", "coco/annotations/instances_train2017.json", '{"annotations": [{"image_id": 3'),
    ("mscoco", "coco/annotations/instances_val2017.json", '{"categories": [{"id": 1}]}'),
    ("fungi", "fungi/train.json", '{"categories": [7]}'),
])  # fmt: skip
def test_lists_that_do_not_fit_are_told_in_one_line(name, table, spoil, tmp_path):
    sample(name, tmp_path)
    (tmp_path / table).write_text(spoil)
    with pytest.raises(UserError) as caught:
        list(bound(name, tmp_path).examples())
    message = str(caught.value)
    assert str(tmp_path / table.partition("/")[0]) in message
    assert "\n" not in message
    assert "UserError" not in message


def test_frames_of_a_track_are_on_one_side(tmp_path):
    folder = tmp_path / "GTSRB/Final_Training/Images/00000"
    sample("gtsrb", tmp_path)
    rows = [f"{t:05}_{f:05}.ppm;50;40;5;5;44;35;0" for t in range(30) for f in range(5)]
    table = folder / "GT-00000.csv"
    header = table.read_text().splitlines()[0]
    table.write_text("\n".join([header, *rows]) + "\n")
    sides = {}
    for photo in bound("gtsrb", tmp_path).reader.photos():
        if photo.group and photo.labels["sign"] == 0:
            sides.setdefault(photo.group, []).append(photo.splits["sign"])
    assert len(sides) == 30
    assert all(len(found) == 5 and len(set(found)) == 1 for found in sides.values())
    assert [found[0] for found in sides.values()].count("val") == 3
    assert len(dataset_of("gtsrb").tasks[0].classes) == 43
    with table.open(newline="") as file:
        assert len(list(csv.DictReader(file, delimiter=";"))) == 150


def test_coco_leaves_out_small_boxes_and_crowds_and_keeps_a_photograph_on_one_side(tmp_path):
    dataset = sample("mscoco", tmp_path)
    assert dataset.tasks[0].classes == ("person", "toothbrush")
    annotations = json.loads((tmp_path / "coco/annotations/instances_train2017.json").read_text())[
        "annotations"
    ]
    kept = [a for a in annotations if not a["iscrowd"] and min(a["bbox"][2:]) >= 32]
    train = [p for p in dataset.reader.photos() if p.path.parent.name == "train2017"]
    assert len(annotations) == 24
    assert len(kept) == len(train) == 12
    sides = {}
    for photo in train:
        sides.setdefault(photo.group, set()).add(photo.splits["object"])
    assert sorted(map(tuple, sides.values())) == [("train",)] * 5 + [("val",)]
    assert {p.splits["object"] for p in dataset.reader.photos()} == {"train", "val", "test"}


DOCUMENT = {
    "info": {"annotations": [0], "text": 'a "]" b'}, "numbers": [12, -3.5e2, 1234567, 0],
    "none": [], "annotations": [{"id": i, "bbox": [i, 0.5, [1]], "s": "}{,"} for i in range(9)],
    "last": None,
}  # fmt: skip


@pytest.mark.parametrize("at_once", [1, 2, 7, 1 << 20])
@pytest.mark.parametrize("indent", [None, 2])
def test_entries_are_those_of_the_whole_document(at_once, indent, tmp_path, monkeypatch):
    monkeypatch.setattr(coco, "AT_ONCE", at_once)
    path = tmp_path / "some.json"
    path.write_text(json.dumps(DOCUMENT, indent=indent))
    for key in ("numbers", "none", "annotations"):
        assert list(coco.read_entries(path, key)) == DOCUMENT[key]
    with pytest.raises(UserError, match="has no 'images'"):
        list(coco.read_entries(path, "images"))
    for text in (path.read_text()[:-300], "", "[1, 2]", '{"a" 1}'):
        path.write_text(text)
        with pytest.raises(UserError, match=r"some\.json cannot be read"):
            list(coco.read_entries(path, "annotations"))


def test_corrupted_images_are_only_ever_tested_on(tmp_path):
    dataset = sample("cifar-10-c", tmp_path)
    made = list(dataset.examples())
    clean = [e for e in bound("cifar-10", tmp_path).examples() if e.splits["object"] != "test"]
    names = {task.name for task in dataset.tasks}
    assert len(names) == 15
    for example, original in zip(made, clean, strict=False):
        np.testing.assert_array_equal(example.x, original.x)
        assert example.splits == dict.fromkeys(names, original.splits["object"])
    corrupted = made[len(clean) :]
    assert len(corrupted) == 15 * 20
    assert all(list(e.splits.values()) == ["test"] for e in corrupted)
    fog = np.load(tmp_path / "CIFAR-10-C/fog.npy")
    tested = [e for e in corrupted if "fog" in e.splits]
    np.testing.assert_allclose(
        np.stack([e.x for e in tested]) * 255, fog.transpose(0, 3, 1, 2), rtol=1e-6
    )
    np.save(tmp_path / "CIFAR-10-C/fog.npy", fog[:5])
    with pytest.raises(UserError, match=r"fog\.npy is uint8 \(5, 32, 32, 3\) beside 20 labels"):
        list(bound("cifar-10-c", tmp_path).examples())
    (tmp_path / "cifar-10-batches-bin/test_batch.bin").unlink()
    with pytest.raises(UserError, match=r"'cifar-10' is not in .*test_batch\.bin is missing"):
        bound("cifar-10-c", tmp_path)


def test_flowers_are_numbered_as_in_the_mat_files(tmp_path):
    made = [
        (photo.path.name, photo.labels["flower"], photo.splits["flower"])
        for photo in sample("vgg-flower", tmp_path).reader.photos()
    ]
    assert made == [
        ("image_00005.jpg", 0, "train"), ("image_00006.jpg", 101, "train"),
        ("image_00003.jpg", 0, "val"), ("image_00004.jpg", 101, "val"),
        ("image_00001.jpg", 0, "test"), ("image_00002.jpg", 101, "test"),
    ]  # fmt: skip


def test_celeba_has_forty_labels_and_its_own_sides(tmp_path):
    dataset = sample("celeba", tmp_path)
    (task,) = dataset.tasks
    assert (task.kind, len(task.classes)) == ("multilabel", 40)
    made = list(dataset.examples())
    lines = (tmp_path / "celeba/list_attr_celeba.txt").read_text().splitlines()
    assert lines[1].split() == list(task.classes)
    for example, line in zip(made, lines[2:], strict=True):
        assert example.labels["attributes"] == tuple(
            {"1": 1, "-1": 0}[mark] for mark in line.split()[1:]
        )
    sides = [example.splits["attributes"] for example in made]
    assert sides == ["train"] * 2 + ["val"] * 2 + ["test"] * 2


def test_one_photograph_is_opened_once_for_its_boxes(tmp_path, monkeypatch):
    dataset = sample("mscoco", tmp_path)
    opened = []
    actual = Image.open
    monkeypatch.setattr(Image, "open", lambda path: opened.append(path) or actual(path))
    assert len(list(dataset.examples())) == 16
    assert len(opened) == 8


@pytest.mark.parametrize("name", ["aircraft", "cub-200", "mscoco", "fungi"])
def test_info_states_the_rule_before_any_file_is_there(name, capsys):
    assert invoke(["info", name]) == 0
    out = capsys.readouterr().out
    assert dataset_of(name).split_rule in out
    assert "needs --data-dir" in out


def test_a_run_on_forty_labels(tmp_path, capsys):
    dataset_of("celeba").write_sample(tmp_path)
    folder = tmp_path / "celeba"
    rows = [(folder / "list_attr_celeba.txt").read_text().splitlines(),
            (folder / "list_eval_partition.txt").read_text().splitlines()]  # fmt: skip
    for i in range(7, 67):  # enough to train on
        rows[0].append(f"{i:06}.jpg " + rows[0][2 + i % 2].split(maxsplit=1)[1])
        rows[1].append(f"{i:06}.jpg {0 if i < 50 else 1 + i % 2}")
        noise = np.random.default_rng(i).integers(0, 128, (40, 40, 3), dtype=np.uint8)
        write_image(folder / f"img_align_celeba/{i:06}.jpg", noise + np.uint8(100 * (i % 2)))
    rows[0][0] = "66"
    # The two sides of test and val hold both kinds of face.
    rows[1][-4:] = [line[:-1] + str(1 + i // 2) for i, line in enumerate(rows[1][-4:])]
    for path, lines in zip(("list_attr_celeba", "list_eval_partition"), rows, strict=True):
        (folder / f"{path}.txt").write_text("\n".join(lines) + "\n")
    code = invoke(
        ["run", "--domain", "image", "--pretrain", "celeba", "--data-dir", str(tmp_path),
         "--method", "raw-features", "--preset", "smoke", "--out", str(tmp_path / "o"), "--json"]
    )  # fmt: skip
    captured = capsys.readouterr()
    assert code == 0, captured.err
    (task,) = json.loads(captured.out)["tasks"]
    assert (task["task"], task["n_classes"]) == ("attributes", 40)
    assert task["metric"] == "auroc"
    assert task["value"] > 0.9  # one half of the faces is brighter
