"""Own data of every kind: its revision is its bytes, runs follow it, and views draw it again."""

import json
import os
import shutil

import pytest

from vmbench.cli import invoke
from vmbench.data.domain import Domain
from vmbench.data.examples import prepare
from vmbench.registry import registry

KINDS = {
    "image-folder": ("image", None),
    "audio-folder": ("audio", None),
    "recordings": ("sensor", None),
    "table": ("tabular", "kind"),
    "npz": ("medical", None),
    "ucr": ("medical", None),
}


@pytest.fixture(autouse=True)
def _fresh_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("VMBENCH_CACHE", str(tmp_path / "cache"))


def bound(name, folder):
    domain, target = KINDS[name]
    adapter: Domain = registry("domain").get(domain)
    return adapter.dataset(name).bind(folder, target)


def sample(name, folder):
    folder.mkdir(parents=True)
    registry("domain").get(KINDS[name][0]).dataset(name).write_sample(folder)
    (folder / "vmbench.toml").unlink(missing_ok=True)
    return folder


def command(name, folder, *more):
    domain, target = KINDS[name]
    target = ("--target", target) if target else ()
    words = ("--domain", domain, "--pretrain", name, "--data-dir", str(folder), *target)
    settings = ("--preset", "smoke", "--set", "batch_size=4", "--epochs", "1")
    return ["run", *words, *settings, "--method", "gaussian-noise", *more]


@pytest.mark.parametrize("name", KINDS)
def test_equal_files_are_one_dataset_wherever_they_lie(name, tmp_path):
    folder = sample(name, tmp_path / "here")
    there = shutil.copytree(folder, tmp_path / "there" / "deeper")
    for path in there.rglob("*"):
        os.utime(path, (1e9, 1e9))
    here, copy = bound(name, folder), bound(name, there)
    assert copy.revision == here.revision
    prepare(here)
    built = {path.name for path in (tmp_path / "cache").iterdir()}
    prepare(copy)
    assert {path.name for path in (tmp_path / "cache").iterdir()} == built
    changed = next(path for path in sorted(there.rglob("*")) if path.is_file())
    data = bytearray(changed.read_bytes())
    if changed.suffix in (".png", ".wav", ".npz"):
        changed.write_bytes(bytes(data + b"\0"))  # readers stop at the end of the picture or sound
    else:
        digits = [i for i, byte in enumerate(data) if chr(byte).isdigit()]
        data[digits[-1]] = ord("7") if data[digits[-1]] != ord("7") else ord("8")
        changed.write_bytes(bytes(data))
    assert bound(name, there).revision != here.revision


@pytest.mark.parametrize("name", KINDS)
def test_a_run_is_found_again_by_its_bytes_and_drawn_again(name, tmp_path, capsys):
    folder, out = sample(name, tmp_path / "mine"), str(tmp_path / "runs")
    assert invoke(command(name, folder, "--out", out, "--quiet", "--json")) == 0
    first = json.loads(capsys.readouterr().out)
    run = tmp_path / "runs" / first["run_id"]
    drawn = tmp_path / "again.png"
    assert invoke(["views", str(run), "--out", str(drawn), "--quiet"]) == 0
    assert drawn.read_bytes() == (run / "views.png").read_bytes()
    capsys.readouterr()

    moved = tmp_path / "moved"
    folder.rename(moved)
    assert invoke(["views", str(run), "--out", str(drawn)]) == 2
    assert f"{folder} is no longer there: name the folder" in capsys.readouterr().err
    assert invoke(command(name, moved, "--out", out)) == 0
    assert "already done" in capsys.readouterr().err
    assert invoke(["views", str(run), "--out", str(drawn)]) == 0  # the run knows the new place

    files = [path for path in sorted(moved.rglob("*")) if path.is_file()]
    changed = files[-1]
    changed.write_bytes(changed.read_bytes() + (b"" if changed.suffix == ".csv" else b"\n"))
    if changed.suffix == ".csv":
        changed.write_text(changed.read_text().replace("1", "2", 1))
    capsys.readouterr()
    assert invoke(command(name, moved, "--out", out)) == 0
    captured = capsys.readouterr()
    assert "already done" not in captured.err
    assert len(list((tmp_path / "runs").glob("*/result.json"))) == 2
    assert invoke(["views", str(run), "--out", str(drawn)]) == 2
    assert "the data changed" in capsys.readouterr().err
