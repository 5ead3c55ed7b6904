"""``vmbench embed``: a row of features per example, with what is known of it, streamed."""

import json
import re
import subprocess
import sys

import numpy as np
import pyarrow.parquet as pq
import pytest
from toy import Toy, ToyFindings, ToyVector

import vmbench
from vmbench.cli import invoke
from vmbench.data.dataset import Source
from vmbench.errors import UserError

SMOKE = {"preset": "smoke", "settings": {"epochs": 1, "max_examples": 64, "batch_size": 32}}
SIZES = np.round(np.random.default_rng(0).normal(0, 2, 60), 3)
MASSES = np.round(np.random.default_rng(1).normal(5, 1, 60), 3)
COLOURS = np.array(["red", "green", "blue"])[np.arange(60) % 3]
KINDS = ["cat" if i % 2 else "dog" for i in range(60)]


def written(path, header, columns):
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = (",".join(map(str, row)) for row in zip(*columns, strict=True))
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """A pretraining on sixty rows of one's own, and nothing else of them."""
    out = tmp_path_factory.mktemp("table")
    path = written(out / "own.csv", "size,mass,colour,kind", (SIZES, MASSES, COLOURS, KINDS))
    own = {"pretrain": "table", "data_dir": path, "target": "kind"}
    folder = vmbench.pretrain("tabular", out=out, **own, **SMOKE)
    path.unlink()
    return folder


@pytest.fixture(scope="module")
def toy_vector(tmp_path_factory):
    return vmbench.pretrain("toy", out=tmp_path_factory.mktemp("toy"), **SMOKE)


def features(frame):
    return frame.filter(regex=r"^f\d+$").to_numpy()


def test_a_table_goes_through_the_real_command(table, tmp_path):
    """Columns in another order, more of them, no label: the features are those of the rows."""
    ages = np.arange(60)
    mine = written(
        tmp_path / "my" / "new.csv", "colour,age,mass,size", (COLOURS, ages, MASSES, SIZES)
    )
    command = [sys.executable, "-m", "vmbench", "embed", str(table), "--data-dir", str(mine.parent)]
    out = tmp_path / "features.parquet"
    done = subprocess.run(
        [*command, "--out", str(out)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{out}: 60 rows\n"
    assert "not read, being no features of the pretraining: age" in done.stderr
    frame = pq.read_table(out).to_pandas()
    assert list(frame.columns[:5]) == ["file", "row", "start", "subject", "f0"]
    assert list(frame["row"]) == list(range(60))
    assert set(frame["file"]) == {"new.csv"}
    encoder = vmbench.load(table)
    assert encoder.channels == ("size", "mass", "colour=blue", "colour=green", "colour=red")
    one_hot = [name == COLOURS for name in ("blue", "green", "red")]
    x = np.stack([SIZES, MASSES, *one_hot], 1).astype(np.float32)
    np.testing.assert_allclose(features(frame), encoder.features(x), rtol=1e-4, atol=1e-5)
    assert pq.read_schema(out).metadata[b"vmbench.pretraining"] == table.name.encode()


def test_what_is_missing_or_was_not_known_is_said_and_read_as_the_mean(table, tmp_path, capsys):
    sizes, colours = ["", *SIZES[1:]], ["pink", *COLOURS[1:]]
    mine = written(tmp_path / "my.csv", "size,mass,colour", (sizes, MASSES, colours))
    out = tmp_path / "f.parquet"
    assert invoke(["embed", str(table), "--data-dir", str(mine), "--out", str(out)]) == 0
    said = capsys.readouterr().err
    assert "column 'size': 1 missing numbers became the pretraining's mean" in said
    assert "column 'colour': 1 rows of values that the pretraining did not know (pink)" in said
    encoder = vmbench.load(table)
    first = np.array([[encoder.document.normalisation.mean[0], MASSES[0], 0, 0, 0]], np.float32)
    found = features(pq.read_table(out).to_pandas())[:1]
    np.testing.assert_allclose(found, encoder.features(first), rtol=1e-4, atol=1e-5)


def test_labels_sides_and_subjects_are_those_that_the_files_say(table, tmp_path):
    people = [f"p{i // 10}" for i in range(30)]
    for side, rows in (("train", slice(0, 30)), ("test", slice(30, 60))):
        columns = (SIZES[rows], MASSES[rows], COLOURS[rows], KINDS[rows], people)
        written(tmp_path / "my" / side / "a.csv", "size,mass,colour,kind,subject", columns)
    out = tmp_path / "f.parquet"
    assert vmbench.embed(table, out, data_dir=tmp_path / "my") == 60
    frame = pq.read_table(out).to_pandas().set_index("file")
    for side, rows in (("train", slice(0, 30)), ("test", slice(30, 60))):
        part = frame.loc[f"{side}/a.csv"]
        assert set(part["split"]) == {side}
        assert list(part["label"]) == KINDS[rows]
        assert list(part["subject"]) == people
        assert list(part["row"]) == list(range(30))


@pytest.mark.parametrize(("header", "columns", "message"), [
    ("size,colour", (SIZES, COLOURS), "lacks the columns mass, which the pretraining takes"),
    ("size,mass,colour", (["a lot"] * 60, MASSES, COLOURS), "'size' was of numbers .*'a lot'"),
])  # fmt: skip
def test_a_table_that_does_not_fit_is_one_line(table, header, columns, message, tmp_path, capsys):
    mine = written(tmp_path / "my.csv", header, columns)
    command = ["embed", str(table), "--data-dir", str(mine), "--out", str(tmp_path / "f.parquet")]
    assert invoke(command) == 2
    said = capsys.readouterr().err
    assert re.search(message, said)
    assert said.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["my.csv"]


def test_embedded_data_with_its_labels_and_sides(toy_vector, tmp_path, monkeypatch):
    """In row groups, none of which holds everything."""
    monkeypatch.setattr("vmbench.pretrained.written.IN_MEMORY", 1)
    out = tmp_path / "f.parquet"
    assert vmbench.embed(toy_vector, out) == 300
    examples = list(ToyVector().examples())
    frame = pq.read_table(out).to_pandas()
    encoder = vmbench.load(toy_vector)
    wanted = encoder.features(np.stack([example.x for example in examples]))
    np.testing.assert_allclose(features(frame), wanted, rtol=1e-4, atol=1e-5)
    assert list(frame["split"]) == [example.splits["kind"] for example in examples]
    assert list(frame["label"]) == ["abc"[example.labels["kind"]] for example in examples]
    assert frame["file"].isna().all()
    assert pq.ParquetFile(out).num_row_groups > 1


class Two(ToyFindings):
    """Two tasks, windows of a file, and examples without one of the labels."""

    name = "two"
    tasks = (*ToyFindings.tasks, *Toy().dataset("toy-amount").tasks)

    def examples(self):
        for i, example in enumerate(super().examples()):
            with_amount = i % 5 != 1
            yield type(example)(
                example.x,
                {**example.labels, **({"amount": i / 2} if with_amount else {})},
                {
                    **example.splits,
                    **({"amount": example.splits["findings"]} if with_amount else {}),
                },
                f"p{i % 7}",
                Source("a/b.csv", None, i * 2.5),
            )


def test_several_tasks_have_columns_of_their_own(tmp_path, monkeypatch):
    monkeypatch.setattr(Toy, "datasets", {**Toy.datasets, "two": Two})
    folder = vmbench.pretrain("toy", out=tmp_path, pretrain="two", **SMOKE)
    vmbench.embed(folder, tmp_path / "f.parquet")
    rows = pq.read_table(tmp_path / "f.parquet").to_pylist()
    for i, (row, example) in enumerate(zip(rows, Two().examples(), strict=True)):
        there = [name for name, on in zip("abc", example.labels["findings"], strict=True) if on]
        assert row["label.findings"] == there
        assert row["label.amount"] == (i / 2 if i % 5 != 1 else None)
        assert row["split.amount"] == (None if i % 5 == 1 else example.splits["findings"])
        assert (row["file"], row["start"], row["subject"]) == ("a/b.csv", i * 2.5, f"p{i % 7}")


def test_a_failure_on_the_way_leaves_nothing(toy_vector, tmp_path, monkeypatch):
    examples = ToyVector.examples

    def broken(self):
        for i, example in enumerate(examples(self)):
            if i == 280:
                example.x[0] = np.nan
            yield example

    monkeypatch.setattr(ToyVector, "examples", broken)
    with pytest.raises(UserError, match=r"example 280 of toy-vector"):
        vmbench.embed(toy_vector, tmp_path / "f.parquet")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_is_kept(toy_vector, tmp_path):
    out = tmp_path / "f.parquet"
    out.write_text("mine")
    with pytest.raises(UserError, match="exists"):
        vmbench.embed(toy_vector, out)
    assert out.read_text() == "mine"
    assert vmbench.embed(toy_vector, out, overwrite=True) == 300
    with pytest.raises(UserError, match=r"must end in \.parquet"):
        vmbench.embed(toy_vector, tmp_path / "f.csv")


def test_folders_and_windows_say_where_they_are_from(tmp_path, capsys):
    from vmbench.registry import registry

    for domain, name in (("sensor", "recordings"), ("audio", "audio-folder")):
        mine = tmp_path / name
        mine.mkdir()
        dataset = registry("domain").get(domain).dataset(name)
        dataset.write_sample(mine)
        command = ["--preset", "smoke", "--set", "batch_size=4", "--quiet", "--epochs", "1"]
        command += ["--domain", domain, "--pretrain", name, "--data-dir", str(mine)]
        command += ["--method", "gaussian-noise", "--out", str(tmp_path), "--json"]
        assert invoke(["pretrain", *command]) == 0
        folder = json.loads(capsys.readouterr().out)["folder"]
        out = tmp_path / f"{name}.parquet"
        assert invoke(["embed", folder, "--data-dir", str(mine), "--out", str(out)]) == 0
        assert "note" not in capsys.readouterr().err
        rows = pq.read_table(out).to_pylist()
        examples = list(dataset.bind(mine).examples())
        assert [row["file"] for row in rows] == [each.source.file for each in examples]
        assert [row["start"] for row in rows] == [each.source.start for each in examples]
        assert all((mine / row["file"]).is_file() for row in rows)
        assert [row["subject"] for row in rows] == [each.group for each in examples]
