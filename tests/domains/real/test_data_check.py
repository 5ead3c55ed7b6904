"""``vmbench data check`` and runs on one's own data, through the command line."""

import json

import numpy as np
import pandas
import pytest

from vmbench.cli import invoke
from vmbench.data.check import _Tally
from vmbench.data.copies import Copies
from vmbench.data.dataset import Task
from vmbench.data.domain import Domain
from vmbench.registry import registry


def call(capsys, *arguments):
    code = invoke([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def check(capsys, *arguments):
    code, out, err = call(capsys, "data", "check", *arguments, "--json")
    assert code == 0, err
    return json.loads(out)


def table(path, **columns):
    draw = np.random.default_rng(0)
    base = {"u": draw.standard_normal(60), "v": draw.standard_normal(60)}
    base["y"] = np.arange(60) % 2
    pandas.DataFrame(base | columns).to_csv(path, index=False)
    return path


def test_the_labels_of_an_example_may_be_a_list():
    task = Task("finding", ("mass", "nodule"), "by patient", kind="multilabel")
    tally = _Tally(task, Copies([task.name]))
    tally.add("a patient", [0, 1], "train")
    assert tally.report().classes["nodule"]["train"] == 1


def test_a_published_set_is_recognised_before_ones_own(capsys, tmp_path):
    registry("domain").get("audio").dataset("fsdd").write_sample(tmp_path)
    report = check(capsys, tmp_path, "--domain", "audio")
    assert (report["dataset"], report["examples"], report["groups"]) == ("fsdd", 72, 6)
    assert report["pretraining"] == 3 * 2 * 2  # 3 speakers, 2 digits, recordings 10 and 49
    digit, speaker = report["tasks"]
    assert digit["classes"]["seven"] == {"train": 18, "val": 6, "test": 12}
    assert not any("subjects" in leak for leak in [*digit["leaks"], *speaker["leaks"]])
    code, out, _ = call(capsys, "data", "check", tmp_path, "--domain", "audio")
    assert code == 0
    assert f"vmbench run --domain audio --pretrain fsdd --data-dir {tmp_path}" in out


def test_leaks_by_subject_and_by_copy_are_told(capsys, tmp_path):
    split = np.array(["train"] * 40 + ["val"] * 8 + ["test"] * 12)
    subject = np.array([f"s{i // 4}" for i in range(60)])
    clean = check(capsys, table(tmp_path / "t.csv", split=split, subject=subject),
                  "--domain", "tabular", "--target", "y")  # fmt: skip
    assert clean["tasks"][0]["leaks"] == []
    subject[41] = "s0"
    u = np.random.default_rng(1).standard_normal(60)
    v = u.copy()
    u[[50, 51]], v[[50, 51]] = u[3], v[3]
    torn = check(capsys, table(tmp_path / "t.csv", split=split, subject=subject, u=u, v=v),
                 "--domain", "tabular", "--target", "y")  # fmt: skip
    by_subject, by_copy = torn["tasks"][0]["leaks"]
    assert by_subject.startswith("1 of 15 subjects")
    assert by_subject.endswith("more than one side: s0")
    assert by_copy.startswith("1 examples occur, byte for byte, on more than one side (2 copies")
    code, out, _ = call(capsys, "data", "check", tmp_path / "t.csv", "--domain", "tabular",
                        "--target", "y")  # fmt: skip
    assert code == 0
    assert out.count("LEAK:") == 2
    assert "--target y" in out


def test_what_a_run_would_refuse_is_exit_code_2(capsys, tmp_path):
    split = np.array(["train"] * 40 + ["val"] * 8 + ["test"] * 12)
    y = np.where(split == "test", 2, np.arange(60) % 2)
    path = table(tmp_path / "t.csv", split=split, y=y)
    arguments = ("--domain", "tabular", "--target", "y")
    code, out, _ = call(capsys, "data", "check", path, *arguments)
    assert code == 2
    assert "PROBLEM: train has no example of the class 2, val or test has;" in out
    assert "a run would refuse" in out
    code, _, err = call(
        capsys, "run", *arguments, "--pretrain", "table", "--data-dir", path,
        "--method", "random-init", "--preset", "smoke", "--out", tmp_path / "o",
    )  # fmt: skip
    assert code == 2
    assert "train has no example of the class 2" in err


@pytest.mark.parametrize(("arguments", "message"), [
    (("--domain", "audio", "--dataset", "spoken-digits"), "is embedded"),
    (("--domain", "audio", "--dataset", "fsd"), "did you mean 'fsdd'"),
    (("--domain", "audio"), "holds none of fsdd, audiomnist"),
    (("--domain", "tabular", "--dataset", "adult"), "archive.ics.uci.edu/dataset/2"),
])  # fmt: skip
def test_data_that_is_not_there(arguments, message, capsys, tmp_path):
    code, out, err = call(capsys, "data", "check", tmp_path, *arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert len(err.splitlines()) == 1


def test_a_run_on_ones_own_table(capsys, tmp_path):
    path = table(tmp_path / "t.csv", v=[None] * 3 + list(np.arange(57.0)))
    code, out, err = call(
        capsys, "run", "--domain", "tabular", "--pretrain", "table", "--data-dir", path,
        "--target", "y", "--method", "random-init", "--preset", "smoke", "--json",
        "--out", tmp_path / "runs",
    )  # fmt: skip
    assert code == 0, err
    assert "table: missing values (v 5.0%)" in err
    task = json.loads(out)["tasks"][0]
    assert (task["dataset"], task["task"], task["n_classes"]) == ("table", "y", 2)
    assert "20% of each class" in task["split_rule"]


def test_index_and_domains_name_the_same_datasets(capsys):
    for entry in registry("domain"):
        domain = registry("domain").get(entry.name)
        assert isinstance(domain, Domain)
        assert tuple(domain.datasets) == entry.facts["datasets"]
        if "embedded" in entry.facts:
            loaded = [domain.dataset(name) for name in domain.datasets]
            assert tuple(d.name for d in loaded) == entry.facts["datasets"]
            assert tuple(d.name for d in loaded if d.package) == entry.facts["embedded"]
    rows = {row["name"]: row for row in json.loads(call(capsys, "list", "datasets", "--json")[1])}
    assert rows["spoken-digits"]["source"] == "embedded"
    assert rows["fsdd"]["source"] == "--data-dir"
