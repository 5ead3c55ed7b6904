"""ChestX-ray14 and CheXpert in their publishers' layouts: findings, patients, uncertain labels."""

import csv
import json

import numpy as np
import pytest
from PIL import Image

from vmbench.cli import invoke
from vmbench.data.examples import prepare
from vmbench.errors import UserError
from vmbench.testing.survey import digest_in_a_worker, survey
from vmbench_domains.medical.chestx_ray14 import FINDINGS, ChestXray14
from vmbench_domains.medical.chexpert import UNCERTAIN, CheXpert

SETS = [ChestXray14, CheXpert]


@pytest.fixture
def sample(request, tmp_path):
    dataset = request.param()
    dataset.write_sample(tmp_path)
    return dataset, tmp_path


def bound(kind, folder):
    return kind().bind(folder)


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("sample", SETS, indirect=True)
def test_patients_are_on_one_side_each(sample):
    dataset, folder = sample
    dataset = dataset.bind(folder)
    sides, sizes = {}, {}
    for example in dataset.examples():
        sides.setdefault(example.group, set()).add(example.splits["finding"])
        sizes[example.splits["finding"]] = sizes.get(example.splits["finding"], 0) + 1
        assert 0 <= example.x.min() <= example.x.max() <= 1
    assert all(len(found) == 1 for found in sides.values())
    assert set(sizes) == {"train", "val", "test"}


@pytest.mark.parametrize("table", ["Data_Entry_2017.csv", "Data_Entry_2017_v2020.csv"])
@pytest.mark.parametrize("flat", [True, False])
def test_the_findings_and_the_list_of_each_image_are_the_publishers(tmp_path, table, flat):
    ChestXray14().write_files(tmp_path)
    (tmp_path / "Data_Entry_2017.csv").rename(tmp_path / table)
    if flat:
        (tmp_path / "images").mkdir()
        for path in tmp_path.glob("images_*/images/*.png"):
            path.rename(tmp_path / "images" / path.name)
    dataset = bound(ChestXray14, tmp_path)
    written = {row["Image Index"]: row for row in rows(tmp_path / table)}
    testing = (tmp_path / "test_list.txt").read_text().split()
    films = {film.path.name: film for film in dataset.reader.films()}
    assert films.keys() == written.keys()
    for name, film in films.items():
        found = [f for f, there in zip(FINDINGS, film.labels["finding"], strict=True) if there]
        assert ("|".join(found) or "No Finding") == written[name]["Finding Labels"]
        assert film.group == written[name]["Patient ID"]
        assert (film.splits["finding"] == "test") == (name in testing)


def test_an_image_with_an_alpha_channel_and_of_any_size_is_read(tmp_path):
    """Some of the NIH's files are RGBA."""
    ChestXray14().write_files(tmp_path)
    path = tmp_path / "images_001/images/00000001_000.png"
    grey = np.full((100, 130), 51, np.uint8)
    Image.fromarray(np.dstack([grey] * 3 + [np.full_like(grey, 255)])).save(path)
    dataset = bound(ChestXray14, tmp_path)
    x = next(iter(dataset.examples())).x
    assert x.shape == (1, 64, 64)
    np.testing.assert_allclose(x, 0.2, atol=1e-3)


def test_archives_that_are_not_there_are_counted(tmp_path):
    ChestXray14().write_files(tmp_path)
    lost = list(tmp_path.glob("images_002/images/*_003.png"))
    for path in lost:
        path.unlink()
    dataset = bound(ChestXray14, tmp_path)
    assert len(list(dataset.examples())) == 40 - len(lost)
    assert f"{len(lost)} of 40 listed images are not there" in dataset.remarks[0]


def test_lists_that_tear_a_patient_apart_are_refused(tmp_path):
    ChestXray14().write_files(tmp_path)
    lists = [tmp_path / name for name in ("train_val_list.txt", "test_list.txt")]
    moved, *rest = lists[0].read_text().split()
    lists[0].write_text("\n".join(rest))
    lists[1].write_text(lists[1].read_text() + moved + "\n")
    with pytest.raises(UserError, match="patient 1 is in"):
        list(bound(ChestXray14, tmp_path).examples())


def test_bad_tables_are_one_clear_line(tmp_path):
    ChestXray14().write_files(tmp_path)
    path = tmp_path / "Data_Entry_2017.csv"
    text = path.read_text()
    path.write_text(text.replace("Hernia", "Hernai"))
    with pytest.raises(UserError, match="unknown finding 'Hernai'"):
        bound(ChestXray14, tmp_path).reader.films()
    path.write_text(text.replace("Finding Labels", "Labels"))
    with pytest.raises(UserError, match="has no column 'Finding Labels'"):
        bound(ChestXray14, tmp_path).reader.films()
    path.write_text("\n".join(text.splitlines()[:-1]))
    with pytest.raises(UserError, match=r"no row for 00000010_003\.png"):
        bound(ChestXray14, tmp_path).reader.films()


def test_uncertain_labels_follow_the_stated_rule(tmp_path):
    CheXpert().write_sample(tmp_path)
    dataset = bound(CheXpert, tmp_path)
    written = rows(tmp_path / "CheXpert-v1.0-small/train.csv")
    written += rows(tmp_path / "CheXpert-v1.0-small/valid.csv")
    written = [row for row in written if row["Frontal/Lateral"] == "Frontal"]
    films = dataset.reader.films()
    assert len(films) == len(written) == 40
    seen = set()
    for film, row in zip(films, written, strict=True):
        assert tmp_path / row["Path"] == film.path
        assert film.group in row["Path"]
        for finding, label in zip(UNCERTAIN, film.labels["finding"], strict=True):
            uncertain = finding in ("Atelectasis", "Edema")
            assert label == {"1.0": 1, "0.0": 0, "": 0, "-1.0": int(uncertain)}[row[finding]]
            seen.add((finding, row[finding]))
    assert {finding for finding, value in seen if value == "-1.0"} == set(UNCERTAIN)


def test_tables_of_ones_own_are_not_taken_for_chexpert(tmp_path):
    for name in ("train.csv", "valid.csv"):
        (tmp_path / name).write_text("Path,age\na/b/c/d.jpg,3\n")
    with pytest.raises(UserError, match="no column 'Frontal/Lateral': it is not the publisher's"):
        bound(CheXpert, tmp_path)
    CheXpert().write_sample(tmp_path / "real")
    path = tmp_path / "real/CheXpert-v1.0-small/train.csv"
    path.write_text(path.read_text().replace(",1.0,", ",2.0,"))
    with pytest.raises(UserError, match=r"it should be 1\.0, 0\.0, -1\.0 or empty"):
        bound(CheXpert, tmp_path / "real").reader.films()


@pytest.mark.parametrize("sample", SETS, indirect=True)
def test_a_run_from_files_to_auroc(sample, tmp_path, capsys):
    dataset, folder = sample
    arguments = ["run", "--domain", "medical", "--pretrain", dataset.name, "--preset", "smoke"]
    arguments += ["--method", "raw-features", "--data-dir", str(folder), "--json"]
    assert invoke([*arguments, "--out", str(tmp_path / "runs")]) == 0
    (task,) = json.loads(capsys.readouterr().out)["tasks"]
    assert task["metric"] == "auroc"
    assert task["n_classes"] == len(dataset.tasks[0].classes)
    dataset = dataset.bind(folder)
    prepared = prepare(dataset)
    assert task["n_test"] == len(prepared.split(dataset.tasks[0], "test"))
    code = invoke(["data", "check", str(folder), "--domain", "medical"])
    out = capsys.readouterr().out
    assert code == 0
    assert f"holds {dataset.name}" in out
    assert "LEAK" not in out


@pytest.mark.parametrize("sample", SETS, indirect=True)
def test_the_sample_keeps_the_contract(sample):
    dataset, folder = sample
    dataset = dataset.bind(folder)
    seen = survey(dataset)
    assert not seen.problems
    assert not any(seen.leaks.values())
    assert all(all(sides.values()) for sides in seen.counts.values())
    assert seen.start == digest_in_a_worker(dataset)
