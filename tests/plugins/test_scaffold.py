"""What ``vmbench new`` writes: built, installed in a clean environment, tested and run there."""

import json
import os
import subprocess
import sys
import sysconfig
import tomllib
import venv

import pytest

from vmbench.cli import invoke
from vmbench.scaffold import write_package


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """A scaffold of each kind, side by side."""
    parent = tmp_path_factory.mktemp("new") / "deeper"
    return [
        write_package("domain", "ocean-noise", parent),
        write_package("method", "zoom2", parent),
        write_package("objective", "tug-of-war", parent),
        write_package("encoder", "pebble", parent),
        write_package("evaluation", "quiz", parent),
    ]


@pytest.fixture(scope="module")
def environment(tmp_path_factory, packages):
    """An interpreter of its own that borrows this one's packages; the plugins are installed in it.

    Nothing is downloaded, and this environment is left as it is.
    """
    home = tmp_path_factory.mktemp("environment")
    venv.create(home, with_pip=False)
    paths = sysconfig.get_paths("venv", {"base": str(home), "platbase": str(home)})
    borrowed = sysconfig.get_paths()["purelib"]
    with open(f"{paths['purelib']}/borrowed.pth", "w") as file:
        file.write(f"import site; site.addsitedir({borrowed!r})\n")
    python = f"{paths['scripts']}/python"
    run(
        *(python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"),
        *("--no-index", "--no-cache-dir", "--disable-pip-version-check", *map(str, packages)),
    )
    return python


def run(*command, **options):
    # The tests' own settings must not leak into what a stranger would see.
    own = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}
    done = subprocess.run(command, capture_output=True, text=True, env=own, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_all_are_listed_with_their_distribution(environment):
    listed = json.loads(run(environment, "-m", "vmbench", "list", "--json"))
    owners = {(kind, row["name"]): row["owner"] for kind, rows in listed.items()
              for row in rows if "owner" in row}  # fmt: skip
    for kind, name in (("domains", "ocean-noise"), ("methods", "zoom2"),
                       ("objectives", "tug-of-war"), ("encoders", "pebble"),
                       ("evaluations", "quiz")):  # fmt: skip
        assert owners[kind, name] == f"vmbench-{name} 0.1.0"


def test_their_own_tests_are_green(environment, packages, tmp_path):
    out = run(
        *(environment, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider"),
        *("--import-mode=importlib", *packages),
        cwd=tmp_path,  # so that the installed modules are tested, not the sources
    )
    assert f"{17 + 40 + 19 + 15 + 16} passed in" in out


def test_they_run_together(environment, tmp_path):
    out = run(
        *(environment, "-m", "vmbench", "run", "--domain", "ocean-noise", "--method", "zoom2"),
        *("--objective", "tug-of-war", "--set", "encoder=pebble", "--eval", "quiz"),
        *("--set", "tug-of-war.uniformity=0.5", "--set", "pebble.stages=2"),
        *("--set", "quiz.most=5"),
        *("--preset", "smoke", "--quiet", "--json", "--out", str(tmp_path)),
    )
    result = json.loads(out)
    assert (result["domain"], result["method"]) == ("ocean-noise", "zoom2")
    assert (result["objective"], result["config"]["encoder"]) == ("tug-of-war", "pebble")
    assert result["overrides"] == {
        "encoder": "pebble", "pebble.stages": 2, "quiz.most": 5, "tug-of-war.uniformity": 0.5,
    }  # fmt: skip
    assert [task["probe"]["kind"] for task in result["tasks"]] == ["quiz"]
    assert [task["task"] for task in result["tasks"]] == ["speed"]


def test_this_environment_is_left_alone():
    assert "ocean-noise" not in run(sys.executable, "-m", "vmbench", "list", "--json")


def test_what_is_written_is_short_linted_and_whole(packages):
    for package in packages:
        files = [p.relative_to(package) for p in package.rglob("*") if p.is_file()]
        # Its tests ran before, and Python may have left its bytecode.
        names = sorted(p.as_posix() for p in files if "__pycache__" not in p.parts)
        module = f"{package.name.replace('-', '_')}.py"
        assert names == ["README.md", "pyproject.toml", "tests/test_contract.py", module]
        assert "$" not in "".join((package / name).read_text() for name in names)
        assert len((package / module).read_text().splitlines()) <= 80
        contract = (package / "tests/test_contract.py").read_text().splitlines()
        assert len([line for line in contract if line]) == 3
        points = tomllib.loads((package / "pyproject.toml").read_text())["project"]["entry-points"]
        assert sum(len(group) for group in points.values()) == 1
        run(sys.executable, "-m", "ruff", "check", "--no-cache", "--select", "E,F,I,B,UP", package)
        run(sys.executable, "-m", "ruff", "format", "--no-cache", "--check", package)


@pytest.mark.parametrize(("kind", "name", "message"), [
    ("domain", "Ocean", "use lower-case words"),
    ("domain", "2d", "a letter first"),
    ("domain", "a--b", "joined by hyphens"),
    ("domain", "../up", "is no name for a domain"),
    ("domain", "image", "already named 'image': vmbench_domains.image:ImageDomain of vmbench"),
    ("domain", "baselines", "is vmbench's own"),
    ("method", "handcrafted", "is vmbench's own"),
    ("method", "scarf", "already named 'scarf'"),
    ("encoder", "byol", "an objective is already named 'byol'"),
    ("evaluation", "encoders", "is vmbench's own"),
])  # fmt: skip
def test_a_name_that_will_not_do(kind, name, message, capsys, tmp_path):
    assert invoke(["new", kind, name, "--dir", str(tmp_path)]) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert len(captured.err.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_nothing_is_overwritten(capsys, tmp_path):
    arguments = ["new", "method", "zoom", "--dir", str(tmp_path)]
    assert invoke(arguments) == 0
    out = capsys.readouterr().out
    assert f"pytest {tmp_path}/vmbench-zoom" in out
    mine = tmp_path / "vmbench-zoom" / "vmbench_zoom.py"
    mine.write_text("mine")
    assert invoke(arguments) == 2
    assert "vmbench-zoom exists: name another --dir" in capsys.readouterr().err
    assert mine.read_text() == "mine"
    (tmp_path / "file").write_text("")
    assert invoke([*arguments[:-1], str(tmp_path / "file")]) == 2
    assert "cannot be written" in capsys.readouterr().err
