"""``vmbench views``: the run's own picture again, from what the run left behind."""

import json
import shutil
import sys
import xml.etree.ElementTree as ElementTree

import matplotlib
import numpy as np
import pytest
import toy
from matplotlib import colors as mcolors
from matplotlib.figure import Figure
from PIL import Image

import vmbench
from vmbench.cli import invoke
from vmbench.data.specs import Grid, Sequence, Vector
from vmbench.errors import UserError
from vmbench.runs.gallery import redraw_views
from vmbench.runs.pictures import draw_gallery


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


def test_views_that_build_on_the_domains_own_are_rebuilt_with_them(tmp_path, monkeypatch):
    monkeypatch.setattr(toy.Toy, "handcrafted", {"vector": "scarf"})
    folder = run(tmp_path, "viewmaker+handcrafted")
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
    ("viewmaker", changed({"request": {"domain": "toy", "colour": 1}}),
     "not written by this version"),
    ("viewmaker", changed({"pretrain": "toy-vector@0"}), "made with revision 0 of dataset"),
    ("viewmaker", changed({"request": {"domain": "toyy"}}), "did you mean 'toy'"),
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
    monkeypatch.setattr("vmbench.runs.pictures.find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"pip install 'vmbench\[plots\]'"):
        redraw_views(finished["viewmaker"], tmp_path / "views.png")


@pytest.mark.parametrize("spec", [Grid(3, 6, 7), Grid(5, 6, 7), Sequence(5, 20), Grid(1, 1, 1)])
def test_every_number_of_channels_and_a_view_that_changes_nothing(spec, tmp_path):
    example = np.zeros(spec.shape, np.float32)
    draw_gallery(spec, example, np.stack([example] * 8), tmp_path / "v.png", "nothing")
    assert (tmp_path / "v.png").read_bytes().startswith(b"\x89PNG")


DPI = 110
HIGH, LOW = (matplotlib.colormaps["PuOr"](end)[:3] for end in (1.0, 0.0))


@pytest.fixture
def drawn(tmp_path, monkeypatch):
    """Draw, and look at the picture: the panels, and a function to the colour at a data point."""

    def draw(spec, example, views):
        figures = []
        save = Figure.savefig
        monkeypatch.setattr(
            Figure, "savefig", lambda self, *a, **k: (figures.append(self), save(self, *a, **k))
        )
        draw_gallery(spec, example, views, tmp_path / "v.png", "what")
        pixels = np.asarray(Image.open(tmp_path / "v.png").convert("RGB")) / 255
        (figure,) = figures
        panels = [axes for axes in figure.axes if axes.get_title()]

        def colour(axes, x, y):
            column, row = axes.transData.transform((x, y)) * DPI / figure.dpi
            return pixels[round(len(pixels) - row), round(column)]

        return panels, colour

    return draw


def test_a_grid_is_drawn_the_right_way_up_and_with_the_right_sign(drawn):
    spec, example = Grid(1, 4, 6), np.zeros((1, 4, 6), np.float32)
    views = np.stack([example] * 8)
    views[0, 0, 0, 5], views[7, 0, 3, 1] = 2, -2  # top right up by view 1, bottom left down by 8
    panels, colour = drawn(spec, example, views)
    first, last = panels[0], panels[8]
    assert (first.get_title(), last.get_title()) == ("change by view 1", "change by view 8")
    np.testing.assert_allclose(colour(first, 5, 0), HIGH, atol=0.02)
    np.testing.assert_allclose(colour(last, 1, 3), LOW, atol=0.02)
    np.testing.assert_allclose(colour(first, 1, 3), colour(last, 5, 0), atol=0.02)
    top, bottom = (first.transData.transform((0, row))[1] for row in (0, 3))
    assert top > bottom  # display coordinates rise


def test_a_trace_and_bars_rise_where_the_view_is_greater(drawn):
    example = np.zeros((1, 40), np.float32)
    views = np.stack([example] * 8)
    views[0, 0, 10:30] = 1
    panels, colour = drawn(Sequence(1, 40), example, views)
    line = np.array(mcolors.to_rgb("#0072B2"))
    assert np.abs(colour(panels[0], 20, 1) - line).max() < 0.35  # antialiased
    assert np.abs(colour(panels[0], 20, -1) - 1).max() < 0.02
    views = np.zeros((8, 5), np.float32)
    views[0, 1], views[0, 3] = 1, -1
    panels, colour = drawn(Vector(5), np.zeros(5, np.float32), views)
    bar = np.array(mcolors.to_rgb("#D55E00"))
    for x, y, filled in ((1, 0.5, True), (1, -0.5, False), (3, -0.5, True), (3, 0.5, False)):
        expected = bar if filled else np.ones(3)
        np.testing.assert_allclose(colour(panels[0], x, y), expected, atol=0.02)


def test_a_run_shows_its_first_training_example_and_changes_of_the_budget(tmp_path, monkeypatch):
    shown = []
    monkeypatch.setattr(
        "vmbench.runs.artifact.draw_gallery",
        lambda *a, **k: shown.append(a) or draw_gallery(*a, **k),
    )
    run(tmp_path, settings={"batch_size": 32, "epochs": 1, "epsilon": 0.3, "probe_max_iter": 10})
    ((spec, example, views, *_),) = shown
    rows = [e for e in toy.ToyVector().examples() if e.splits["kind"] == "train"]
    x = np.stack([row.x for row in rows])
    np.testing.assert_allclose(example, (x[0] - x.mean(0)) / x.std(0), atol=1e-4)
    assert spec == toy.ToyVector.spec
    # The L1 sphere: |change| averages epsilon, but for the 1e-4 that keeps it defined.
    np.testing.assert_allclose(np.abs(views - example).mean(1), 0.3, rtol=0.01)


def test_a_run_without_matplotlib_draws_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr("vmbench.runs.artifact.find_spec", lambda name: None)
    assert not (run(tmp_path, "gaussian-noise") / "views.png").exists()
