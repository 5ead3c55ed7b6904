"""Objectives, encoders and evaluations with settings of their own, from installed packages."""

import json
import sys

import pytest

from vmbench.cli import invoke

OBJECTIVES, ENCODERS, EVALUATIONS = (
    f"vmbench.{kind}s" for kind in ("objective", "encoder", "evaluation")
)
PULL = """
from pydantic import Field
from vmbench.networks.encoder import HeadSettings
from vmbench.objectives.base import ContrastiveObjective

class Settings(HeadSettings):
    strength: float = Field(1.0, gt=0, description="Times the distance.")

class Pull(ContrastiveObjective):
    '''Pulls two views together.'''
    name = "pull"
    settings_class = Settings
    presets = {"smoke": {"projection_dim": 3}}
    def loss(self, z1, z2):
        assert z1.shape[1] == 3
        return self.settings.strength * (z1 - z2).square().mean()
"""
FOLD = """
from pydantic import Field
from torch import nn
from vmbench.networks.encoder import Encoder, EncoderSettings

class Settings(EncoderSettings):
    folds: int = Field(2, ge=1, description="Layers.")

class Fold(Encoder):
    '''Folds rows.'''
    name = "fold"
    specs = ("vector",)
    settings_class = Settings
    spatial = False
    def __init__(self, spec, embedding_dim, width, folds):
        super().__init__(width, embedding_dim)
        sizes = [spec.numel, *[width] * folds]
        self.layers = nn.Sequential(*map(nn.Linear, sizes, sizes[1:]))
    def trunk(self, x):
        return self.layers(x)
"""
GUESS = """
import numpy as np
from pydantic import Field
from vmbench.evaluation import Evaluation, Score
from vmbench.settings import Settings

class Own(Settings):
    answer: int = Field(0, ge=0, description="The class that is always guessed.")

class Guess(Evaluation):
    '''Guesses.'''
    name = "guess"
    settings_class = Own
    def score(self, problem):
        guesses = {s: np.full(len(i), self.settings.answer) for s, i in problem.indices.items()}
        return Score(
            problem.metrics(guesses["test"]), problem.value(guesses["val"], "val"),
            problem.contributions(guesses["test"]), chosen={"answer": self.settings.answer},
        )
"""
RUN = (
    *("run", "--domain", "toy", "--preset", "smoke", "--method", "viewmaker", "--epochs", "1"),
    *("--set", "batch_size=64", "--set", "max_examples=128", "--quiet", "--json"),  # two steps
    *("--transfer", "toy-vector"),
)
ALL = ("--objective", "pull", "--eval", "guess", "--set", "encoder=fold")
SET = ("--set", "pull.strength=100", "--set", "guess.answer=2", "--set", "fold.folds=3")


@pytest.fixture
def packs(install):
    install("pull-pack 1.0", [(OBJECTIVES, "pull = pull_pack:Pull")], pull_pack=PULL)
    install("fold-pack 1.0", [(ENCODERS, "fold = fold_pack:Fold")], fold_pack=FOLD)
    install("guess-pack 1.0", [(EVALUATIONS, "guess = guess_pack:Guess")], guess_pack=GUESS)


def result(capsys, out, *arguments):
    code = invoke([*arguments, "--out", str(out)])
    captured = capsys.readouterr()
    assert code == 0, captured.err
    return json.loads(captured.out)


@pytest.mark.usefixtures("packs")
def test_all_three_run_with_their_settings(capsys, tmp_path):
    for kind, name in (("objectives", "pull"), ("encoders", "fold"), ("evaluations", "guess")):
        assert invoke(["list", kind, "--json"]) == 0
        (row,) = (r for r in json.loads(capsys.readouterr().out) if r["name"] == name)
        assert row["owner"] == f"{name}-pack 1.0"
        assert f"{name}_pack" not in sys.modules
    plain = result(capsys, tmp_path, *RUN, *ALL)
    changed = result(capsys, tmp_path, *RUN, *ALL, *SET)
    for found, strength, answer, folds in ((plain, 1.0, 0, 2), (changed, 100.0, 2, 3)):
        assert (found["objective"], found["pretrain"]["steps"]) == ("pull", 2)
        assert found["config"]["pull"]["strength"] == strength
        assert found["config"]["pull"]["projection_dim"] == 3  # its own for this preset
        assert found["config"]["fold"] == {"width": 4, "folds": folds}
        (task,) = found["tasks"]
        assert task["probe"]["kind"] == "guess"
        assert task["probe"]["chosen"] == {"answer": answer}
        assert found["parameters"]["encoder"] == 9 * 4 + 4 + (folds - 1) * (4 * 4 + 4)
    assert changed["pretrain"]["final_loss"] > 10 * plain["pretrain"]["final_loss"]
    assert changed["overrides"].keys() >= {"pull.strength", "guess.answer", "fold.folds"}
    # The recorded command asks for the same run again.
    words = changed["command"].removeprefix("vmbench ").split()
    again = result(capsys, tmp_path / "again", *words, "--quiet", "--json")
    assert again["run_id"] == changed["run_id"]
    assert again["tasks"][0]["value"] == changed["tasks"][0]["value"]
    assert again["pretrain"]["final_loss"] == changed["pretrain"]["final_loss"]


def test_by_option_they_are_recorded_in_the_command(install, capsys, tmp_path, monkeypatch):
    for name, source in (("pull_pack", PULL), ("fold_pack", FOLD), ("guess_pack", GUESS)):
        (tmp_path / f"{name}.py").write_text(source)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    install("nothing 1.0", [])
    targets = ("pull_pack:Pull", "fold_pack:Fold", "guess_pack:Guess")
    plugins = [word for target in targets for word in ("--plugin", target)]
    command = result(capsys, tmp_path / "runs", *RUN, *ALL, *plugins)["command"]
    for target in targets:
        assert f"--plugin {target}" in command
    # The pretraining does without the evaluation's; who evaluates it by that names it.
    (folder,) = (tmp_path / "runs" / "pretrainings").iterdir()
    assert json.loads((folder / "request.json").read_text())["plugins"] == [*targets[:2]]
    asked = ("evaluate", str(folder), "--eval", "guess", "--plugin", targets[2])
    evaluated = result(capsys, tmp_path / "more", *asked, "--quiet", "--json")["command"]
    for target in targets:
        assert f"--plugin {target}" in evaluated
        sys.modules.pop(target.partition(":")[0])


@pytest.mark.usefixtures("packs")
def test_what_follows_from_the_spec_is_checked(capsys, tmp_path):
    where = [word.replace("toy-vector", "toy-grid") for word in RUN]
    asked = [*where, *ALL, "--pretrain", "toy-grid", "--out", str(tmp_path)]
    assert invoke(asked) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "encoder 'fold' does not serve a Grid" in line


@pytest.mark.parametrize(("arguments", "said"), [
    (("--set", "pull.strength=0"), "setting 'pull.strength' = '0' is not valid: input should be"),
    (("--set", "pull.strenght=2"), "did you mean 'pull.strength'?"),
    (("--set", "fold.depth=2"), "unknown setting 'fold.depth'"),
    (("--objective", "pul"), "unknown objective 'pul': did you mean 'pull'?"),
    (("--eval", "gues"), "unknown evaluation 'gues': did you mean 'guess'?"),
    (("--set", "encoder=folds"), "unknown encoder 'folds': did you mean 'fold'?"),
])  # fmt: skip
@pytest.mark.usefixtures("packs")
def test_a_mistake_is_one_line(arguments, said, capsys, tmp_path):
    assert invoke([*RUN, *ALL, *arguments, "--out", str(tmp_path)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line


BASE = {"objective": "vmbench.objectives.base.Objective",
        "encoder": "vmbench.networks.encoder.Encoder",
        "evaluation": "vmbench.evaluation.base.Evaluation"}  # fmt: skip
ASKED = {"objective": ("--objective", "bad"), "encoder": ("--set", "encoder=bad"),
         "evaluation": ("--eval", "bad")}  # fmt: skip
SOUND = {"objective": PULL + "Bad = Pull", "encoder": FOLD + "Bad = Fold",
         "evaluation": GUESS + "Bad = Guess"}  # fmt: skip


@pytest.mark.parametrize("kind", BASE)
def test_a_broken_one_is_one_line_and_the_rest_go_on(kind, install, capsys, tmp_path):
    cases = (
        ("import no_such_library", "ModuleNotFoundError: No module named 'no_such_library'"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("class Bad: name = 'bad'", f"does not derive from {BASE[kind]}"),
        (SOUND[kind], ": make both the same"),
    )
    for number, (source, cause) in enumerate(cases):
        sys.modules.pop("bad", None)
        lines = [(f"vmbench.{kind}s", "bad = bad:Bad")] if not number else []
        install(f"bad-pack{'-more' * number} 0.1", lines, bad=source)
        for command in ([*RUN, *ASKED[kind], "--out", str(tmp_path)], ["check", kind, "bad"]):
            assert invoke(command) == 2
            captured = capsys.readouterr()
            assert (captured.out, len(captured.err.splitlines())) == ("", 1)
            assert f"{kind} 'bad' of bad-pack 0.1" in captured.err
            assert cause in captured.err
    assert invoke(["info", "simclr"]) == 0
    capsys.readouterr()
    assert invoke(["doctor", "--json"]) == 0
    (finding,) = (f for f in json.loads(capsys.readouterr().out) if f["what"] == f"{kind} bad")
    assert not finding["works"]


@pytest.mark.parametrize(("kind", "old", "new"), [
    ("objective", "return self.settings", "raise KeyError('gone')\n        return self.settings"),
    ("encoder", "return self.layers(x)", "raise KeyError('gone')"),
    ("evaluation", "guesses =", "raise KeyError('gone')\n        guesses ="),
])  # fmt: skip
def test_one_that_raises_in_a_run_is_named(kind, old, new, install, capsys, tmp_path):
    name = {"objective": "pull", "encoder": "fold", "evaluation": "guess"}[kind]
    source = {"objective": PULL, "encoder": FOLD, "evaluation": GUESS}[kind]
    point = f"{name} = {name}_pack:{name.title()}"
    install(f"{name}-pack 1.0", [(f"vmbench.{kind}s", point)],
            **{f"{name}_pack": source.replace(old, new)})  # fmt: skip
    asked = [word.replace("bad", name) for word in ASKED[kind]]
    assert invoke([*RUN, *asked, "--out", str(tmp_path)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert f"{name}-pack 1.0 failed ({name}_pack.py, line " in line
    assert "KeyError: 'gone'" in line


def test_two_kinds_cannot_share_a_name(install, capsys, tmp_path):
    source = PULL.replace('"pull"', '"viewmaker"')
    install("pull-pack 1.0", [(OBJECTIVES, "viewmaker = pull_pack:Pull")], pull_pack=source)
    assert invoke([*RUN, "--objective", "viewmaker", "--out", str(tmp_path)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "two components named 'viewmaker' (methods and objectives)" in line
    assert invoke(["check", "objective", "viewmaker"]) == 1
    assert "method 'viewmaker' of vmbench has the name" in capsys.readouterr().out


def test_an_instance_cannot_be_an_objective(install, capsys, tmp_path):
    source = PULL + "\npull = Pull.__new__(Pull)\n"
    install("pull-pack 1.0", [(OBJECTIVES, "pull = pull_pack:pull")], pull_pack=source)
    assert invoke([*RUN, "--objective", "pull", "--out", str(tmp_path)]) == 2
    assert "is an instance: name its class" in capsys.readouterr().err
