"""Plugins that call sys.exit, raise or print: named, with the cause; nobody else's exit code."""

import json

import pytest

import vmbench
from vmbench.cli import invoke
from vmbench.errors import RunError

DOMAINS, METHODS, COMMANDS = "vmbench.domains", "vmbench.methods", "vmbench.commands"
QUAKE = """
import sys
from toy import Toy, ToyVector

class Shakes(ToyVector):
    name = "shakes"
    def inspect(self, target):
        {bind}
    def examples(self):
        {examples}
        yield from super().examples()

class Quake(Toy):
    name = "quake"
    summary = "shakes"
    datasets = {{"shakes": Shakes}}
    default = "shakes"
    def __init__(self):
        {init}
"""
ZOOM = """
import sys
from faulty import SoundMethod

class Zoom(SoundMethod):
    name = "zoom"
    def views(self, context):
        {views}
"""
RUN = ("run", "--domain", "quake", "--preset", "smoke", "--method", "random-init", "--quiet")


@pytest.fixture(autouse=True)
def _fresh_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("VMBENCH_CACHE", str(tmp_path / "cache"))


def quake(**bodies):
    return QUAKE.format(**{"bind": "pass", "examples": "pass", "init": "pass", **bodies})


@pytest.mark.parametrize("exits", ["sys.exit('no key')", "sys.exit()", "sys.exit(0)", "exit(3)"])
@pytest.mark.parametrize("where", ["bind", "examples", "init"])
def test_sys_exit_is_named_and_never_the_exit_code(where, exits, install, capsys, tmp_path):
    install("quake-pack 1.2", [(DOMAINS, "quake = quake_pack:Quake")], quake_pack=quake(
        **{where: exits}
    ))  # fmt: skip
    code = invoke([*RUN, "--out", str(tmp_path)])
    captured = capsys.readouterr()
    assert code in (1, 2)
    assert (captured.out, len(captured.err.splitlines())) == ("", 1)
    assert "quake-pack 1.2" in captured.err
    assert not list(tmp_path.rglob("result.json"))
    if "no key" in exits:
        assert "no key" in captured.err
    with pytest.raises((RunError, vmbench.errors.UserError), match=r"quake-pack 1\.2"):
        vmbench.run("quake", "random-init", preset="smoke", out=tmp_path)


@pytest.mark.parametrize(("body", "cause"), [
    ("raise FileNotFoundError(2, 'No such file', '/corpus')", "FileNotFoundError: [Errno 2]"),
    ("raise RuntimeError", "RuntimeError"),
    ("1 / 0", "ZeroDivisionError: division by zero"),
    ("sys.exit('no licence')", "ended the program with sys.exit (zoom_pack.py, line 8): no licen"),
])  # fmt: skip
def test_what_a_method_fails_with_names_its_distribution(body, cause, install, capsys, tmp_path):
    install("zoom-pack 0.3", [(METHODS, "zoom = zoom_pack:Zoom")], zoom_pack=ZOOM.format(
        views=body
    ))  # fmt: skip
    command = ["run", "--domain", "toy", "--preset", "smoke", "--method", "zoom", "--quiet"]
    assert invoke([*command, "--out", str(tmp_path)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "zoom-pack 0.3" in line
    assert "zoom_pack.py, line 8" in line
    assert cause in line


def test_what_is_printed_goes_to_stderr_and_json_stays_json(install, capfd, tmp_path):
    source = "import os\nprint('imported')\n" + quake(
        bind="print('bound')", init="print('made')",
        examples="print('read'); __import__('os').write(1, b'by a library\\n')",
    )  # fmt: skip
    install("quake-pack 1.2", [(DOMAINS, "quake = quake_pack:Quake")], quake_pack=source)
    assert invoke([*RUN, "--json", "--out", str(tmp_path)]) == 0
    captured = capfd.readouterr()
    # In this process stdout is pytest's, which only a descriptor reaches.
    assert json.loads(captured.out.replace("by a library\n", ""))["domain"] == "quake"
    for said in ("imported", "made", "bound", "read"):
        assert said in captured.err.split()


@pytest.mark.parametrize("source", [
    "import sys; sys.exit('needs Python 4')", "raise SystemExit(0)", "1 / 0", "app = 'no app'",
    "print('hello')\nimport no_such_library",
])  # fmt: skip
def test_a_command_that_fails_stops_only_whoever_asks_for_it(source, install, capsys):
    install("extra-pack 2.0", [(COMMANDS, "extra = extra_pack:app")], extra_pack=source)
    for command in (["list", "presets", "--json"], ["info", "toy", "--json"]):
        assert invoke(command) == 0
        captured = capsys.readouterr()
        assert json.loads(captured.out)
        assert captured.err == ""
    assert invoke(["leaderboard", "check", "nowhere", "--baseline", "nowhere"]) != 0
    capsys.readouterr()
    for command in (["extra"], ["extra", "sub", "--option"], ["extra", "--help"]):
        assert invoke(command) == 2
        captured = capsys.readouterr()
        assert "command 'extra' of extra-pack 2.0 cannot be loaded (extra_pack:app)" in captured.err


def test_a_commands_own_exit_code_is_its_own(install, capsys):
    source = (
        "import sys, typer\napp = typer.Typer()\n@app.command()\ndef go(code: str):\n"
        "    print('mine'); sys.exit(int(code) if code.isdigit() else code)\n"
    )
    install("extra-pack 2.0", [(COMMANDS, "extra = extra_pack:app"),
                               (COMMANDS, "run = extra_pack:app")], extra_pack=source)  # fmt: skip
    assert [invoke(["extra", "go", code]) for code in ("0", "7", "why")] == [0, 7, 1]
    captured = capsys.readouterr()
    assert captured.out == "mine\n" * 3
    assert captured.err == "vmbench: why\n"
    assert invoke(["run", "7"]) == 2  # a name of ours is not taken over
    findings = {f["what"]: f for f in doctor(capsys)}
    assert findings["command extra"]["works"]
    assert (
        "extra-pack 2.0 is not reached: vmbench has the name" in findings["command run"]["detail"]
    )


def doctor(capsys):
    capsys.readouterr()
    assert invoke(["doctor", "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_doctor_has_no_quarrel_with_own_data(capsys):
    lines = [f for f in doctor(capsys) if f["what"].startswith("data ")]
    assert all("cannot be loaded" not in finding["detail"] for finding in lines)
    assert not [f for f in lines if f["what"].partition("/")[2] in ("table", "npz", "image-folder")]
    assert [f for f in lines if f["what"] == "data image/mnist" and f["works"]]
