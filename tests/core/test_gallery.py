"""``vmbench views``: the run's own picture again, from what the run left behind."""

import json
import shutil
import sys
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

import vmbench
from vmbench.cli import invoke
from vmbench.errors import UserError
from vmbench.gallery import redraw_views
from vmbench.pictures import draw_gallery
from vmbench.specs import Grid, Sequence


def run(out, method="viewmaker", pretrain="toy-vector", **options):
    settings = {"batch_size": 32, "epochs": 1}
    options = {"preset": "smoke", "transfer": [pretrain], "settings": settings, **options}
    result = vmbench.run("toy", method, out=out, pretrain=pretrain, **options)
    return out / result.run_id


@pytest.mark.parametrize(
    ("method", "pretrain"),
    [
        ("viewmaker", "toy-grid"),
        ("viewmaker", "toy-sequence"),
        ("viewmaker", "toy-vector"),
        ("gaussian-noise", "toy-vector"),
    ],
)
def test_the_picture_is_that_of_the_run_byte_for_byte(method, pretrain, tmp_path):
    folder = run(tmp_path, method, pretrain)
    again = redraw_views(folder, tmp_path / "again.png")
    assert again.read_bytes() == (folder / "views.png").read_bytes()


def test_supervised_views_are_those_of_the_first_task(tmp_path):
    options = {"views": "viewmaker", "transfer": ["toy-other", "toy-vector"]}
    folder = run(tmp_path, "supervised", **options)
    again = redraw_views(folder, tmp_path / "again.png")
    assert again.read_bytes() == (folder / "views.png").read_bytes()
    weights = folder / "checkpoints" / "toy-other-kind.views.safetensors"
    shutil.copy(folder / "checkpoints" / "toy-vector-kind.views.safetensors", weights)
    redraw_views(folder, again)
    assert again.read_bytes() != (folder / "views.png").read_bytes()


def test_svg_by_suffix_and_the_command(tmp_path, capsys):
    folder = run(tmp_path, "gaussian-noise")
    out = tmp_path / "v.svg"
    assert invoke(["views", str(folder), "--out", str(out)]) == 0
    captured = capsys.readouterr()
    assert captured.out == f"{out}\n"
    assert ElementTree.parse(out).getroot().tag.endswith("svg")
    first = out.read_bytes()
    assert invoke(["views", str(folder), "--out", str(out), "--quiet"]) == 0
    assert out.read_bytes() == first
    assert capsys.readouterr().err == ""


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    out = tmp_path_factory.mktemp("gallery")
    return {name: run(out, name) for name in ("viewmaker", "random-init")}


def changed(document):
    def change(folder):
        config = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps(config | document))

    return change


@pytest.mark.parametrize(("method", "change", "message"), [
    ("random-init", None, "has no views: 'random-init' trains on none"),
    ("viewmaker", shutil.rmtree, "is no run's folder"),
    ("viewmaker", lambda f: (f / "config.json").unlink(), "is no run's folder"),
    ("viewmaker", lambda f: (f / "config.json").write_text("{"), "is no valid JSON"),
    ("viewmaker", lambda f: (f / "config.json").write_text("{}"), "not written by this version"),
    ("viewmaker", lambda f: (f / "config.json").write_text("[]"), "is no run's configuration"),
    ("viewmaker", changed({"config": {"colour": 1}}), "not written by this version"),
    ("viewmaker", changed({"pretrain": "toy-vector@0"}), "made with revision 0 of dataset"),
    ("viewmaker", changed({"domain": "toyy"}), "did you mean 'toy'"),
    ("viewmaker", lambda f: shutil.rmtree(f / "checkpoints"), "training is not finished"),
    ("viewmaker", lambda f: next(f.rglob("*.views.safetensors")).write_text("x"),
     "does not hold this run's views"),
])  # fmt: skip
def test_what_is_wrong_with_a_run_is_one_line(method, change, message, finished, tmp_path, capsys):
    folder = tmp_path / "run"
    shutil.copytree(finished[method], folder)
    if change:
        change(folder)
    out = tmp_path / "views.png"
    assert invoke(["views", str(folder), "--out", str(out), "--quiet"]) == 2
    stderr = capsys.readouterr().err
    assert message in stderr
    assert len(stderr.splitlines()) == 1
    assert not out.exists()


def test_pictures_that_cannot_be_made(finished, tmp_path, capsys, monkeypatch):
    folder = str(finished["viewmaker"])
    for out, message in (("views.pdf", ".png or .svg"), ("no/such/views.png", "cannot be written")):
        assert invoke(["views", folder, "--quiet", "--out", str(tmp_path / out)]) == 2
        assert message in capsys.readouterr().err
    for name in list(sys.modules):
        if name.split(".")[0] == "matplotlib":
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr("vmbench.pictures.find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"pip install 'vmbench\[plots\]'"):
        redraw_views(finished["viewmaker"], tmp_path / "views.png")


@pytest.mark.parametrize("spec", [Grid(3, 6, 7), Grid(5, 6, 7), Sequence(5, 20), Grid(1, 1, 1)])
def test_every_number_of_channels_and_a_view_that_changes_nothing(spec, tmp_path):
    example = np.zeros(spec.shape, np.float32)
    draw_gallery(spec, example, np.stack([example] * 8), tmp_path / "v.png", "nothing")
    assert (tmp_path / "v.png").read_bytes().startswith(b"\x89PNG")


def test_a_run_without_matplotlib_draws_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr("vmbench.runner.find_spec", lambda name: None)
    assert not (run(tmp_path, "gaussian-noise") / "views.png").exists()
