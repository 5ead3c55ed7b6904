"""OpenML: ARFF files on disk, and the download from a server on loopback that answers like it."""

import gzip
import hashlib
import json
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import sklearn.datasets._openml as client
from range_server import serving

from vmbench.cli import invoke
from vmbench.data.examples import prepare
from vmbench.data.specs import Vector
from vmbench.errors import UserError
from vmbench.registry import registry
from vmbench_domains.own.arff import ArffFile
from vmbench_domains.tabular.openml import OpenML

WEIRD = """% a comment
@relation 'two words'
@attribute 'first one' numeric
@Attribute "it's" {a,'b c',"d,e"}
@ATTRIBUTE note string
@attribute when date "yyyy-MM-dd"

@data
1.5, 'b c' , 'plain, with comma',2020-01-01
% another
?,"d,e",'it\\'s',?
-2e3,a,"say 'hi'",2020-01-02
"""


def arff(path, columns, rows=99):
    """The chunks of an ARFF file: its columns as lists."""
    chunks = ArffFile(path).chunks(columns, (), rows)
    return [{name: list(cells) for name, cells in chunk.cells.items()} for chunk in chunks]


def test_arff_by_hand(tmp_path):
    path = tmp_path / "x.arff"
    path.write_text(WEIRD)
    kinds = {name: column.kind for name, column in ArffFile(path).columns.items()}
    assert kinds == {"first one": "number", "it's": "text", "note": "text", "when": "time"}
    first, second = arff(path, ["it's", "first one", "note"], rows=2)
    assert first["it's"] == ["b c", "d,e"]
    np.testing.assert_array_equal(first["first one"], [1.5, np.nan])
    assert first["note"] == ["plain, with comma", "it's"]
    assert second == {"it's": ["a"], "first one": [-2000.0], "note": ["say 'hi'"]}
    with gzip.open(tmp_path / "x.arff.gz", "wt") as file:
        file.write(WEIRD)
    assert len(arff(tmp_path / "x.arff.gz", ["note"])[0]["note"]) == 3


@pytest.mark.parametrize(("text", "message"), [
    ("a,b\n1,2\n", "line 1: what is 'a,b'"),
    ("@relation x\n@attribute a numeric\n", "has no @data"),
    ("@data\n1\n", "names no @attribute"),
    ("@attribute 'a\n@data\n", "line 1: what is"),
    ("@attribute a numeric\n@attribute b {x}\n@data\n{0 1}\n", "sparse"),
    ("@attribute a numeric\n@attribute b numeric\n@data\n1\n", "line 4 has 1 values, the header 2"),
    ("@attribute a numeric\n@attribute b {x}\n@data\none,x\n",
     "line 4: 'one' is no number, which 'a' is of"),
    ("@attribute a numeric\n@attribute b {x}\n@data\n1,x\n2,y\n", "line 5: 'y' is none of the val"),
    ("@attribute a numeric\n@attribute b {x,y}\n@data\n1,x,{5}\n", "line 4 has a weight"),
    ("@attribute a numeric\n@attribute a {x}\n@data\n1,x\n", "line 2: two attributes .* 'a'"),
    ("@attribute a numeric\n@attribute b {x}\n@data\n1,'x\n", "line 4: a quote"),
    ("@attribute a numeric\n@attribute b\n@data\n1,x\n", "line 2: what is"),
    ("@attribute a numeric\n@attribute b words\n@data\n1,x\n", "line 2: 'b' is of no type"),
])  # fmt: skip
def test_what_is_no_arff_is_told(text, message, tmp_path):
    path = tmp_path / "x.arff"
    path.write_text(text)
    with pytest.raises(UserError, match=message) as caught:
        OpenML().bind(path, "b")
    assert str(path) in str(caught.value)


def tabular(name):
    return registry("domain").get("tabular").dataset(name)


@pytest.mark.parametrize("name", ["openml", "openml-31", "openml:31"])
def test_a_downloaded_arff_file_is_read_without_network(name, tmp_path):
    tabular(name).write_sample(tmp_path)
    (tmp_path / "notes.txt").write_text("not a table")
    dataset = tabular(name).bind(tmp_path)
    assert dataset.name == name.replace(":", "-")
    assert dataset.tasks[0].name == "class"
    assert dataset.tasks[0].classes == ("bad", "good")
    assert dataset.spec == Vector(2 + 2 + 3)  # ratings are named values, not numbers
    assert any("the last attribute, 'class'" in remark for remark in dataset.remarks)
    assert len(prepare(dataset)) == 40
    made = list(dataset.examples())
    value = np.random.default_rng(0).normal(0, 1, 40).round(4)[3]
    np.testing.assert_allclose(made[3].x, [value, 3, 0, 1, 0, 1, 0], rtol=1e-6)
    other = tabular(name).bind(tmp_path, "rating")
    assert other.tasks[0].classes == ("1", "2", "3")
    assert other.spec == Vector(2 + 2 + 2)


def test_several_files_are_told_apart_by_the_number(tmp_path):
    tabular("openml-31").write_sample(tmp_path)
    tabular("openml-310").write_sample(tmp_path)
    one = tabular("openml-31").bind(tmp_path)
    assert [path.name for path in one.reader.paths] == ["dataset_31_sample.arff"]
    with pytest.raises(UserError, match=r"has dataset_310_sample\.arff, dataset_31_sample\.arff"):
        tabular("openml").bind(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=r"has none.*openml\.org/d/31 has it"):
        tabular("openml-31").bind(tmp_path / "empty")
    with pytest.raises(UserError, match="which dataset of OpenML"):
        tabular("openml").bind(None)


def answers(folder, md5=None, **about):
    """What openml.org answers about dataset 31, whose file is the sample with a column more."""
    tabular("openml-31").write_sample(folder)
    (path,) = folder.glob("*.arff")
    head, data = path.read_text().split("@DATA\n")
    rows = [f"{number},{row}" for number, row in enumerate(data.splitlines())]
    head = head.replace("@ATTRIBUTE 'credit", "@ATTRIBUTE id INTEGER\n@ATTRIBUTE 'credit", 1)
    arff = (head + "@DATA\n" + "\n".join(rows) + "\n").encode()
    names = ["id", "credit amount", "age", "purpose", "rating", "class"]
    kinds = ["numeric", "numeric", "numeric", "nominal", "nominal", "nominal"]
    features = [
        {
            "index": str(index),
            "name": name,
            "data_type": kind,
            "is_target": str(name == "class").lower(),
            "is_ignore": "false",
            "is_row_identifier": str(name == "id").lower(),
            "number_of_missing_values": "0",
        }
        for index, (name, kind) in enumerate(zip(names, kinds, strict=True))
    ]
    description = {
        "id": "31", "name": "sample", "version": "1", "format": "ARFF", "licence": "Public",
        "status": "active", "description": "synthetic", "default_target_attribute": "class",
        "md5_checksum": md5 or hashlib.md5(arff).hexdigest(), **about,
    }  # fmt: skip
    qualities = {"quality": [{"name": "NumberOfInstances", "value": "40.0"}]}
    return arff, {
        "/json/data/31": {"data_set_description": description},
        "/json/data/features/31": {"data_features": {"feature": features}},
        "/json/data/qualities/31": {"data_qualities": qualities},
    }


@pytest.fixture
def openml(tmp_path, monkeypatch):
    """Starts the server; the client's addresses point to it, its cache is the test's own."""
    monkeypatch.setenv("VMBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(client.time, "sleep", lambda _: None)
    with serving({}) as served:
        for name, path in (("_DATA_INFO", ""), ("_DATA_FEATURES", "features/"),
                           ("_DATA_QUALITIES", "qualities/")):  # fmt: skip
            monkeypatch.setattr(client, name, f"{served.url}/json/data/{path}{{}}")

        def start(**about):
            (tmp_path / "made").mkdir()
            arff, documents = answers(tmp_path / "made", **about)
            description = documents["/json/data/31"]["data_set_description"]
            description["url"] = f"{served.url}/data/v1/download/31/sample.arff"
            served.files["/data/v1/download/31/sample.arff"] = arff
            served.files |= {path: json.dumps(d).encode() for path, d in documents.items()}
            return served

        yield start


def test_the_download_is_the_arff_file_and_happens_once(openml, tmp_path):
    served = openml(warning="odd values")
    dataset = tabular("openml-31").bind(None)
    asked = len(served.asked)
    assert dataset.spec == Vector(7)  # the row's number is no feature
    again = tabular("openml-31").bind(None)
    assert len(served.asked) == asked
    assert again.revision == dataset.revision
    assert again.remarks[0] == "OpenML 31: sample, version 1, licence Public"
    assert any("odd values" in remark for remark in again.remarks)
    local = tabular("openml").bind(next((tmp_path / "made").glob("*.arff")))
    for one, other in zip(again.examples(), local.examples(), strict=True):
        np.testing.assert_allclose(one.x, other.x, rtol=1e-6)
        assert (one.labels, one.splits) == (other.labels, other.splits)
    rated = tabular("openml-31").bind(None, "rating")
    assert rated.tasks[0].classes == ("1", "2", "3")
    assert rated.revision != dataset.revision


def test_of_two_that_want_it_at_once_one_downloads(openml, tmp_path):
    served = openml()
    both = threading.Barrier(2, timeout=60)

    def want(_):
        both.wait()
        return tabular("openml-31").bind(None)

    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(want, range(2))
    assert one.revision == other.revision
    assert len(served.asked) == 4  # description, features, qualities, file
    (tmp_path / "cache/openml/31/about.json").unlink()  # as a version that was killed left it
    assert tabular("openml-31").bind(None).revision == one.revision
    left = {path.name for path in (tmp_path / "cache/openml").iterdir()}
    assert left == {"31", "raw", "locks"}


def test_a_run_on_openml_and_what_is_known_before_it(openml, capsys, tmp_path):
    openml()
    assert invoke(["info", "openml-31"]) == 0
    assert "openml.org/d/31" in capsys.readouterr().out
    code = invoke([
        "run", "--domain", "tabular", "--pretrain", "openml:31", "--method", "raw-features",
        "--preset", "smoke", "--set", "batch_size=8", "--out", str(tmp_path / "runs"), "--json",
    ])  # fmt: skip
    captured = capsys.readouterr()
    assert code == 0, captured.err
    assert json.loads(captured.out)["tasks"][0]["dataset"] == "openml-31"
    assert invoke(["data", "fetch", "openml-31"]) == 2
    assert "downloaded by vmbench run itself" in capsys.readouterr().err


def test_another_file_than_openml_states_is_refused(openml, tmp_path):
    openml(md5="0" * 32)
    with pytest.raises(UserError, match=r"31 cannot be read: The md5 checksum"):
        tabular("openml-31").bind(None)
    assert not list((tmp_path / "cache/openml").glob("31/about.json"))


def test_no_network_and_no_such_dataset_are_one_line_with_the_mend(openml, monkeypatch):
    served = openml()
    with pytest.raises(UserError, match=r"32 cannot be had .*404.*openml\.org/d/32.*--data-dir"):
        tabular("openml-32").bind(None)
    monkeypatch.setattr(client, "_DATA_INFO", "http://127.0.0.1:9/{}")
    with pytest.raises(UserError, match="Connection refused") as caught:
        tabular("openml-31").bind(None)
    assert "\n" not in str(caught.value)
    assert served.asked


def test_several_default_targets_ask_for_one(openml):
    served = openml()
    path = "/json/data/features/31"
    features = json.loads(served.files[path])
    features["data_features"]["feature"][4]["is_target"] = "true"
    served.files[path] = json.dumps(features).encode()
    with pytest.raises(UserError, match=r"default targets: rating, class; .*--target"):
        tabular("openml-31").bind(None)
    dataset = tabular("openml-31").bind(None, "class")
    assert dataset.tasks[0].classes == ("bad", "good")
