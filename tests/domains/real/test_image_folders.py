"""Folders of images as people have them: what is a class, a side, a file, and what is refused."""

import os
import unicodedata

import numpy as np
import pytest

from vmbench.cli import invoke
from vmbench.data.check import recognise
from vmbench.data.dataset import SPLITS
from vmbench.data.examples import prepare
from vmbench.errors import UserError
from vmbench.registry import registry
from vmbench_domains.image.samples import write_noise

CLASSES = ("cats", "dogs")


def images(root, *folders, count=6, suffix=".png", start=0):
    """``count`` different images in each folder."""
    for place, folder in enumerate(folders):
        for i in range(count):
            write_noise(root / folder / f"{i}{suffix}", seed=start + 100 * place + i, height=12)


def bind(root):
    return registry("domain").get("image").dataset("image-folder").bind(root)


def refused(root):
    """The one line that refuses ``root``."""
    with pytest.raises(UserError) as caught:
        list(bind(root).examples())
    message = str(caught.value)
    assert "\n" not in message
    return message


def entries(dataset):
    reader = dataset.reader
    return {str(f.path.relative_to(reader.root)): (f.label, side) for f, side in reader.entries}


def table(root, rows, header="file_name,label", name="metadata.csv"):
    root.mkdir(parents=True, exist_ok=True)
    (root / name).write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")


def listed(count=6, row="{c}/{i}.png,{c}"):
    return [row.format(c=c, i=i) for c in CLASSES for i in range(count)]


def test_a_folder_above_the_classes_or_one_class_is_refused_with_the_folder_to_name(tmp_path):
    images(tmp_path, "up/mydata/cats", "up/mydata/dogs", "deep/a/b/cats", "deep/a/b/dogs")
    assert f"name {tmp_path}/up/mydata" in refused(tmp_path / "up")
    assert f"name {tmp_path}/deep/a/b" in refused(tmp_path / "deep")
    images(tmp_path, "one/cats")
    assert "holds one class alone (cats)" in refused(tmp_path / "one")
    assert "call it unlabelled/" in refused(tmp_path / "one")
    images(tmp_path, "sided/data/train/cats", "sided/data/train/dogs", "sided/data/test/cats")
    assert f"name {tmp_path}/sided/data" in refused(tmp_path / "sided")


def test_a_flat_folder_has_no_task_and_a_run_says_which_to_name(tmp_path, capsys):
    images(tmp_path, "up/cats", "up/dogs")
    dataset = bind(tmp_path / "up/cats")
    assert dataset.tasks == ()
    assert len(prepare(dataset).training()) == 6
    command = ["run", "--domain", "image", "--pretrain", "image-folder", "--data-dir"]
    assert invoke([*command, str(tmp_path / "up/cats")]) == 2
    said = capsys.readouterr().err
    assert "nothing to evaluate" in said
    assert f"name the one above it ({tmp_path}/up)" in said
    assert len(said.splitlines()) == 1


UNLABELLED = {
    # layout: (folders of 6 images, those of them that are pretrained on without a label)
    "beside classes": (("cats", "dogs", "unlabelled"), ("unlabelled",)),
    "spelt as in America, deep": (("cats", "dogs", "Unlabeled/2024/may"), ("Unlabeled/2024/may",)),
    "beside sides": (("train/cats", "train/dogs", "test/cats", "test/dogs", "unlabelled"),
                     ("unlabelled",)),
    "in sides": (("train/cats", "train/dogs", "test/cats", "test/dogs", "train/unlabelled",
                  "test/unlabelled"), ("train/unlabelled",)),
    "named for sides": (("train/cats", "train/dogs", "test/cats", "test/dogs", "unlabelled/train",
                         "unlabelled/test"), ("unlabelled/train",)),
    "alone": (("unlabelled/a", "unlabelled/b"), ("unlabelled/a", "unlabelled/b")),
}  # fmt: skip


@pytest.mark.parametrize("layout", UNLABELLED)
def test_what_lies_in_unlabelled_is_pretrained_on_and_is_no_class(layout, tmp_path):
    folders, bare = UNLABELLED[layout]
    images(tmp_path, *folders)
    dataset = bind(tmp_path)
    found = {name for name, (label, side) in entries(dataset).items() if not label and not side}
    assert found == {f"{folder}/{i}.png" for folder in bare for i in range(6)}
    assert [task.classes for task in dataset.tasks] == ([] if layout == "alone" else [CLASSES])
    prepared = prepare(dataset)
    train = len(prepared.split(dataset.tasks[0], "train")) if dataset.tasks else 0
    assert len(prepared.training()) == train + len(found)
    lost = 6 * sum("unlabelled" in folder and "test" in folder for folder in folders)
    said = f"{lost} images without a label are in val or test: left out"
    assert (said in dataset.remarks) == bool(lost)


def test_an_empty_label_in_metadata_is_none_and_its_subject_may_be_held_out(tmp_path):
    images(tmp_path, *CLASSES)
    rows = [f"{c}/{i}.png,{c if i < 4 else ''},s{i % 4}" for c in CLASSES for i in range(6)]
    table(tmp_path, rows, header="file_name,label,subject")
    dataset = bind(tmp_path)
    made, training = list(dataset.examples()), prepare(dataset).training()
    held_out = {e.group for e in made if e.splits.get("label") in ("val", "test")}
    bare = [made[i].group for i in training if not made[i].splits]
    assert set(bare) == {"s0", "s1"} - held_out
    assert len(bare) == 2 * len(set(bare))
    table(tmp_path, [f"cats/{i}.png," for i in range(6)])
    assert bind(tmp_path).no_task == "no row of metadata.csv has a label"


def test_linked_folders_and_files_are_followed_and_circles_are_not(tmp_path):
    images(tmp_path, "in/cats", "in/dogs", "elsewhere/fish", "elsewhere/more")
    (tmp_path / "in/fish").symlink_to(tmp_path / "elsewhere/fish")
    (tmp_path / "in/cats/linked.png").symlink_to(tmp_path / "elsewhere/more/0.png")
    (tmp_path / "in/dogs/up").symlink_to(tmp_path / "in")
    (tmp_path / "in/dogs/self").symlink_to(tmp_path / "in/dogs")
    dataset = bind(tmp_path / "in")
    assert dataset.tasks[0].classes == ("cats", "dogs", "fish")
    assert len(dataset.reader.entries) == 19
    assert "links that lead in a circle, not followed: dogs/self, dogs/up" in dataset.remarks
    assert len(list(dataset.examples())) == 19


def test_links_that_lead_nowhere_are_named(tmp_path):
    images(tmp_path, *CLASSES)
    for i in range(3):
        (tmp_path / f"cats/annex{i}.png").symlink_to("/nonexistent/key")
    (tmp_path / "dogs/lost").symlink_to("/nonexistent/folder")
    message = refused(tmp_path)
    assert "4 of 16 files are links that lead nowhere (cats/annex0.png" in message
    assert "dogs/lost" in message


def test_a_class_may_be_called_train(tmp_path):
    images(tmp_path, "train", "bus", "car")
    dataset = bind(tmp_path)
    assert dataset.tasks[0].classes == ("bus", "car", "train")
    assert "20% of each class" in dataset.tasks[0].split_rule
    images(tmp_path, "train/steam")
    assert "is train a side of a split or a class, like bus, car?" in refused(tmp_path)


@pytest.mark.parametrize(("train", "test"), [
    ("train", "test"),
    ("Training", "TEST"),
    ("training_set/training_set", "test_set/test_set"),
    ("seg_train/seg_train", "seg_test/seg_test"),
    ("TrainImages", "TestImages"),
])  # fmt: skip
def test_the_users_sides_are_taken_as_they_are(train, test, tmp_path):
    for start, side in enumerate((train, test)):
        images(tmp_path / side, *CLASSES, start=1000 * start)
    dataset = bind(tmp_path)
    assert dataset.tasks[0].classes == CLASSES
    assert "test as the data says" in dataset.tasks[0].split_rule
    for name, (label, side) in entries(dataset).items():
        assert (side == "test") == name.startswith(test)
        assert f"/{label}/" in name


def test_sides_below_the_classes_are_taken_too(tmp_path):
    for start, side in enumerate(SPLITS):
        images(tmp_path, *(f"{c}/{side}" for c in CLASSES), start=1000 * start)
    found = entries(bind(tmp_path))
    assert all(name.split("/")[:2] == [label, side] for name, (label, side) in found.items())
    images(tmp_path, "cats/more")
    assert "6 in none (cats/more/0.png" in refused(tmp_path)


def test_sides_and_something_else_is_refused(tmp_path):
    images(tmp_path, "train/cats", "train/dogs", "test/cats", "test/dogs", "seg_pred")
    assert "seg_pred neither train, val nor test: move it away" in refused(tmp_path)


@pytest.mark.parametrize(("folders", "message"), [
    (("train/cats", "train/dogs"), "there is train, but no test"),
    (("train/cats", "train/dogs", "val/cats", "val/dogs"), "there is train and val, but no test"),
    (("train", "test"), "lie directly in test, train"),
    (("train/cats", "train/dogs", "val", "test"), "lie directly in test, val"),
    (("f1/train/cats", "f1/train/dogs", "f1/test/cats", "f1/test/dogs", "f2/train/cats",
      "f2/train/dogs", "f2/test/cats", "f2/test/dogs"), "on each side of a split: name one"),
])  # fmt: skip
def test_sides_that_are_not_whole_are_refused(folders, message, tmp_path):
    images(tmp_path, *folders)
    assert message in refused(tmp_path)


def test_accents_of_one_or_two_characters_and_blanks_are_one_class(tmp_path):
    composed, split = (unicodedata.normalize(form, "café") for form in ("NFC", "NFD"))
    images(tmp_path, f"train/{composed}", "train/tea", f"test/{split} ", "test/tea")
    dataset = bind(tmp_path)
    assert dataset.tasks[0].classes == (composed, "tea")
    table(tmp_path, [f"train/{split}/0.png,{split}", "train/tea/0.png,tea",
                     "train/tea/1.png,tea", f"train/{composed}/1.png,{composed}"])  # fmt: skip
    assert bind(tmp_path).tasks[0].classes == (composed, "tea")
    assert len(bind(tmp_path).reader.entries) == 4


def test_what_programs_leave_behind_is_no_data(tmp_path):
    images(tmp_path, *CLASSES, "cats/.ipynb_checkpoints", ".ipynb_checkpoints", "__MACOSX/cats",
           "@eaDir/cats", "cats/@eaDir", "$RECYCLE.BIN/x", ".git/x")  # fmt: skip
    for name in ("cats/._0.png", "cats/Thumbs.db", ".DS_Store", "dogs/desktop.ini"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "notes").mkdir()
    dataset = bind(tmp_path)
    assert dataset.tasks[0].classes == CLASSES
    assert len(dataset.reader.entries) == 12
    assert dataset.remarks == ["folders without images: notes"]


def test_suffixes_in_capitals_are_read_and_other_pictures_are_not_lost(tmp_path):
    images(tmp_path, "cats", suffix=".JPG")
    images(tmp_path, "dogs", suffix=".Jpeg")
    assert len(bind(tmp_path).reader.entries) == 12
    (tmp_path / "dogs/7.HEIC").write_bytes(b"x")
    assert "1 images of kinds that are not read (dogs/7.HEIC): convert" in refused(tmp_path)


def test_images_and_masks_are_no_classes(tmp_path):
    images(tmp_path, "images", "masks")
    assert "images, masks are images and what is drawn in them, no classes" in refused(tmp_path)


def test_names_that_cannot_be_written_down_are_refused(tmp_path):
    images(tmp_path / "break", "a\nb", "c")
    assert r"the name of class 'a\nb' cannot be printed" in refused(tmp_path / "break")
    images(tmp_path / "bytes", "a", os.fsdecode(b"caf\xe9"))
    assert "cannot be printed" in refused(tmp_path / "bytes")
    images(tmp_path / "fine", "می\u200cروم", "👩\u200d🔬", "per%20cent", "q\"u'o,te")
    assert len(bind(tmp_path / "fine").tasks[0].classes) == 4


def test_files_in_no_class_folder_are_named(tmp_path):
    images(tmp_path, *CLASSES)
    write_noise(tmp_path / "stray.png", seed=99)
    assert "left alone, being in no class folder and not in unlabelled/: 1 images (stray.png)" in (
        bind(tmp_path).remarks
    )


def test_folders_that_look_like_the_classes_are_said(tmp_path):
    images(tmp_path, *(f"{part}/{c}" for part in ("part1", "part2") for c in CLASSES))
    images(tmp_path, "Part1/cats", "Part1/dogs", start=900)
    said = " ".join(bind(tmp_path).remarks)
    assert "have the same folders in them (cats, dogs)" in said
    assert "differ by their spelling alone: Part1, part1" in said


def test_absolute_and_windows_paths_in_metadata(tmp_path, monkeypatch):
    images(tmp_path, *CLASSES)
    for row in (f"{tmp_path}/{{c}}/{{i}}.png,{{c}}", "{c}\\{i}.png,{c}", ".\\{c}\\{i}.png,{c}",
                "./{c}/{i}.png,{c}", "{c}/../{c}/{i}.png,{c}"):  # fmt: skip
        table(tmp_path, listed(row=row))
        assert {label for label, _ in entries(bind(tmp_path)).values()} == set(CLASSES)
    monkeypatch.chdir(tmp_path.parent)
    table(tmp_path, listed(row=f"{tmp_path}/{{c}}/{{i}}.png,{{c}}"))
    relative = tmp_path.relative_to(tmp_path.parent)
    assert len(list(bind(relative).examples())) == 12
    for row in ("C:\\Users\\me\\{c}\\{i}.png,{c}", "/home/me/{c}/{i}.png,{c}"):
        table(tmp_path, listed(row=row))
        message = refused(tmp_path)
        assert "metadata.csv, line 2: " in message
        assert f"write file_name relative to {tmp_path}" in message
    images(tmp_path.parent, "outside")
    table(tmp_path, [*listed(), "../outside/0.png,cats"])
    assert "line 14" in refused(tmp_path)
    assert "lies outside of" in refused(tmp_path)


def test_files_that_are_listed_and_absent_stop_the_run(tmp_path):
    images(tmp_path, *CLASSES)
    table(tmp_path, listed(count=50))
    message = refused(tmp_path)
    assert "names 100 files, of which 88 are not there: cats/6.png, cats/7.png" in message
    os.rename(tmp_path / "cats/0.png", tmp_path / "cats/0.PNG")
    table(tmp_path, listed())
    assert "1 are not there: cats/0.png (there is cats/0.PNG)" in refused(tmp_path)
    table(tmp_path, [f"dogs/{i},dogs" for i in range(6)])
    assert "6 are not there: dogs/0, " in refused(tmp_path)
    assert "(there is dogs/0.png)" in refused(tmp_path)


def test_files_that_are_there_and_not_listed_are_counted(tmp_path):
    images(tmp_path, *CLASSES)
    table(tmp_path, listed(count=4))
    assert "left alone, being in no metadata.csv: 4 images (cats/4.png, cats/5.png, dogs/4.png, " \
        "dogs/5.png)" in bind(tmp_path).remarks  # fmt: skip


@pytest.mark.parametrize("separator", [";", "\t", ","])
def test_other_separators_blanks_and_a_byte_order_mark(separator, tmp_path):
    images(tmp_path, *CLASSES)
    rows = listed(row=f"{{c}}/{{i}}.png{separator} {{c}} ")
    table(tmp_path, rows, header=f"\ufefffile_name {separator} label")
    assert bind(tmp_path).tasks[0].classes == CLASSES


@pytest.mark.parametrize(("rows", "header", "message"), [
    (["cats/0.png,cats,tabby", "dogs/0.png,dogs"], "file_name,label", "line 2 has 3 fields"),
    (["cats/0.png"], "file_name,label", "line 2 has 1 fields, its header 2"),
    (["cats/0.png,cats", "cats/0.png,dogs"], "file_name,label", "line 3: cats/0.png is dogs, and "
     "cats on line 2"),
    ([",cats"], "file_name,label", "line 2: file_name is empty"),
    (["cats/0.png,cats,dogs"], "file_name,label,label", "2 columns 'label'"),
    (["cats/0.png,cats"], "file,label", "no column 'file_name'"),
    (["cats/0.png,cats,trian"], "file_name,label,split", "'trian' is none of train, val, test"),
    (['cats/0.png,"cats'], "file_name,label", "line 2"),
])  # fmt: skip
def test_tables_that_cannot_be_read_rightly_are_refused_with_the_line(
    rows, header, message, tmp_path
):
    images(tmp_path, *CLASSES)
    table(tmp_path, rows, header=header)
    assert message in refused(tmp_path)
    assert "metadata.csv" in refused(tmp_path)


def test_a_table_in_each_sides_folder_as_hugging_face_has_it(tmp_path):
    for start, side in enumerate(("train", "test")):
        images(tmp_path, f"{side}/images", start=1000 * start)
        table(tmp_path / side, [f"images/{i}.png,{CLASSES[i % 2]}" for i in range(6)])
    dataset = bind(tmp_path)
    assert dataset.tasks[0].classes == CLASSES
    for name, (label, side) in entries(dataset).items():
        assert (side == "test") == name.startswith("test/")
        assert label == CLASSES[int(name[-5]) % 2]
    (tmp_path / "train/metadata.csv").unlink()
    assert f"{tmp_path}/train has none" in refused(tmp_path)


def test_a_table_elsewhere_or_of_another_kind_is_refused(tmp_path):
    images(tmp_path, "a/cats", "a/dogs", "b/cats", "b/dogs")
    table(tmp_path / "a", listed())
    assert f"name {tmp_path}/a with --data-dir" in refused(tmp_path)
    (tmp_path / "a/metadata.csv").rename(tmp_path / "metadata.jsonl")
    assert "save it as metadata.csv" in refused(tmp_path)
    table(tmp_path, listed(row="a/{c}/{i}.png,{c}"), name="Metadata.CSV")
    (tmp_path / "metadata.jsonl").unlink()
    assert bind(tmp_path).tasks[0].classes == CLASSES


def test_classes_called_none_or_na_and_numbers_are_texts(tmp_path):
    images(tmp_path, "x", count=8)
    labels = ["None", "NA", "001", "1"] * 2
    table(tmp_path, [f"x/{i}.png,{label}" for i, label in enumerate(labels)])
    assert bind(tmp_path).tasks[0].classes == ("001", "1", "NA", "None")


def test_sides_of_folders_hold_where_the_table_names_none(tmp_path):
    for start, side in enumerate(("train", "test")):
        images(tmp_path, side, start=1000 * start)
    rows = [f"{s}/{i}.png,{CLASSES[i % 2]}" for s in ("train", "test") for i in range(6)]
    table(tmp_path, rows)
    assert all((side == "test") == name.startswith("test")
               for name, (_, side) in entries(bind(tmp_path)).items())  # fmt: skip
    sides = [f"{row},{SPLITS[i % 3]}" for i, row in enumerate(rows)]
    table(tmp_path, sides, header="file_name,label,split")
    assert [entries(bind(tmp_path))[row.split(",")[0]][1] for row in rows] == [
        SPLITS[i % 3] for i in range(12)
    ]
    gaps = [row.removesuffix("val") for row in sides]
    table(tmp_path, gaps, header="file_name,label,split")
    assert "4 of 12 examples have no split" in refused(tmp_path)
    images(tmp_path, "more/deeper", "train/deeper", "test/deeper")
    table(tmp_path, [*rows, "more/deeper/0.png,cats", "train/deeper/0.png,cats",
                     "test/deeper/0.png,cats"])  # fmt: skip
    assert "more neither train, val nor test: move it away, or add a column split" in refused(
        tmp_path
    )


def test_tables_of_excel_and_empty_ones(tmp_path):
    images(tmp_path, *CLASSES)
    table(tmp_path, ["File_Name;Label", *listed(row="{c}/{i}.png;{c}")], header="sep=;")
    assert bind(tmp_path).tasks[0].classes == CLASSES
    table(tmp_path, ["file_name;label", "cats/0.png;cats;1"], header="sep=;")
    assert "line 3 has 3 fields" in refused(tmp_path)
    table(tmp_path, [])
    assert "metadata.csv names no file" in refused(tmp_path)
    (tmp_path / "metadata.csv").write_text("")
    assert "has no column 'file_name'" in refused(tmp_path)
    (tmp_path / "metadata.csv").write_text("file_name,label\ncats/0.png,a\n", encoding="utf-16")
    assert "save it as UTF-8" in refused(tmp_path)
    table(tmp_path, listed() * 2)
    assert "metadata.csv names 12 files twice; read once" in bind(tmp_path).remarks


def test_leaks_are_said_by_run_and_by_data_check(tmp_path, capsys):
    images(tmp_path / "data", *CLASSES, count=8)
    table(tmp_path / "data", [f"{c}/{i}.png,{c},{s}" for s in SPLITS for c in CLASSES
                              for i in range(8)], header="file_name,label,split")  # fmt: skip
    said = "16 examples occur, byte for byte, on more than one side (32 copies in val and test)"
    assert invoke(["data", "check", str(tmp_path / "data"), "--domain", "image"]) == 0
    assert f"LEAK: {said}" in capsys.readouterr().out
    for _ in range(2):  # the second reads the cache
        assert invoke(["run", "--domain", "image", "--pretrain", "image-folder", "--data-dir",
                       str(tmp_path / "data"), "--method", "raw-features", "--preset", "smoke",
                       "--out", str(tmp_path / "runs"), "--overwrite"]) == 0  # fmt: skip
        assert said in capsys.readouterr().err


def test_one_file_with_two_labels_is_said(tmp_path):
    images(tmp_path, *CLASSES)
    os.link(tmp_path / "cats/0.png", tmp_path / "dogs/again.png")
    dataset = bind(tmp_path)
    from vmbench.data.examples import prepare

    remarks = prepare(dataset).remarks
    assert "warning: 1 examples occur, byte for byte, under more than one label: label" in remarks


@pytest.mark.parametrize(("settings", "message"), [
    ("size = 1", "size = 1 must be from 8 to 1024"),
    ("size = 20000", "size = 20000 must be from 8 to 1024"),
    ("channels = 2", "channels = 2 must be 1 (grey) or 3 (RGB)"),
    ("channels = 4", "channels = 4 must be"),
    ("bits = 40", "bits = 40 must be from 9 to 16"),
])  # fmt: skip
def test_settings_out_of_range_are_refused_with_the_range(settings, message, tmp_path):
    images(tmp_path, *CLASSES)
    (tmp_path / "vmbench.toml").write_text(settings)
    assert message in refused(tmp_path)


def test_a_folder_of_ones_own_that_is_wrong_is_said_by_its_own_reader(tmp_path):
    images(tmp_path, "up/mydata/cats", "up/mydata/dogs")
    (tmp_path / "empty").mkdir()
    domain = registry("domain").get("image")
    with pytest.raises(UserError, match=r"^--data-dir .*/up is above the class folders"):
        recognise(domain, tmp_path / "up", None)
    with pytest.raises(UserError, match=r"holds none of cifar-10.*as your own: .*no images"):
        recognise(domain, tmp_path / "empty", None)


def test_the_order_of_files_is_that_of_their_paths(tmp_path):
    images(tmp_path, "b", "a", "a/deeper")
    dataset = bind(tmp_path)
    names = [str(file.path) for file, _ in dataset.reader.entries]
    assert names == sorted(names, key=lambda name: name.split("/"))
    first = next(dataset.examples()).x
    np.testing.assert_array_equal(first, next(bind(tmp_path).examples()).x)
