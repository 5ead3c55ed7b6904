"""Plugins as an installation has them: sound, broken, colliding, or named on the command line."""

import json
import sys

import pytest

from vmbench.cli import invoke
from vmbench.errors import UserError
from vmbench.registry import registry

QUAKE = """
from toy import Toy

class Quake(Toy):
    name = "quake"
    summary = "shakes"
"""
ZOOM = """
from faulty import SoundMethod

class Zoom(SoundMethod):
    name = "zoom"
"""
DOMAINS, METHODS = "vmbench.domains", "vmbench.methods"
TOY = ("run", "--domain", "toy", "--preset", "smoke", "--method", "random-init", "--quiet")


@pytest.fixture
def call(capsys, tmp_path):
    def command(*arguments):
        out = ("--out", str(tmp_path / "runs")) if arguments[0] == "run" else ()
        code = invoke([*arguments, *out])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return command


def doctor(call):
    code, stdout, stderr = call("doctor", "--json")
    assert code == 0, stderr
    return {finding["what"]: finding for finding in json.loads(stdout)}


def test_a_sound_plugin_is_listed_unimported_and_then_runs(install, call):
    install("quake-pack 1.2", [(DOMAINS, "quake = quake_pack:Quake")], quake_pack=QUAKE)
    code, stdout, _ = call("list", "domains")
    (line,) = (line for line in stdout.splitlines() if "quake" in line)
    assert line.split() == ["quake", "made", "for", "a", "test", "[quake-pack", "1.2]"]
    (row,) = (r for r in json.loads(call("list", "domains", "--json")[1]) if r["name"] == "quake")
    assert row["owner"] == "quake-pack 1.2"
    assert "quake_pack" not in sys.modules
    facts = json.loads(call("info", "quake", "--json")[1])
    assert (facts["owner"], facts["code"]) == ("quake-pack 1.2", "quake_pack:Quake")
    assert doctor(call)["domain quake"]["detail"] == "plugin of quake-pack 1.2"
    code, _, stderr = call(*("quake" if word == "toy" else word for word in TOY))
    assert code == 0, stderr


@pytest.mark.parametrize(("source", "cause"), [
    ("import no_such_library", "ModuleNotFoundError: No module named 'no_such_library'"),
    ("def broken(:", "SyntaxError: "),
    ("raise SystemExit(3)", "SystemExit: 3"),
    ("", "AttributeError: module 'bad' has no attribute 'Bad'"),
    ("class Bad: name = 'bad'", "does not derive from vmbench.data.domain.Domain"),
    (QUAKE + "Bad = Quake", "has name = 'quake': make both the same"),
])  # fmt: skip
def test_one_that_fails_is_named_and_the_rest_go_on(install, call, source, cause):
    install("bad-pack 0.1", [(DOMAINS, "bad = bad:Bad")], bad=source)
    assert "[bad-pack 0.1]" in call("list")[1]
    assert "bad" not in sys.modules
    for command in (["info", "bad"], ["run", "--domain", "bad"], ["check", "domain", "bad"]):
        code, stdout, stderr = call(*command)
        assert (code, stdout, len(stderr.splitlines())) == (2, "", 1)
        assert "domain 'bad' of bad-pack 0.1" in stderr
        assert cause in stderr
    assert call("info", "handcrafted")[0] == 0
    assert call("info", "toy-vector")[0] == 0
    code, _, stderr = call("info", "no-such-name")  # looks into every domain that can be loaded
    assert (code, len(stderr.splitlines())) == (2, 1)


def test_doctor_and_runs_of_others_survive_every_kind_of_failure(install, call):
    install("bad-pack 0.1", [(DOMAINS, "bad = bad:Bad"), (METHODS, "worse = bad")], bad="1 / 0")
    install("odd-pack 0.2", [(DOMAINS, "odd = odd:Odd")], odd=(
        "from toy import Toy\n"
        "class Odd(Toy):\n"
        "    name = 'odd'\n"
        "    datasets = {'missing': 'no_such_module:X'}\n"
        "    def __init__(self): self.opened = open('/no/such/file')\n"
    ))  # fmt: skip
    findings = doctor(call)
    assert "bad-pack 0.1" in findings["domain bad"]["detail"]
    assert "ZeroDivisionError: division by zero" in findings["domain bad"]["detail"]
    assert not findings["method worse"]["works"]
    assert findings["domain toy"]["works"]
    code, _, stderr = call("info", "odd")
    assert code == 0  # the class is there; only making one fails
    code, _, stderr = call("run", "--domain", "odd")
    assert "domain 'odd' of odd-pack 0.2 cannot be created without arguments" in stderr
    assert "FileNotFoundError" in stderr
    code, _, stderr = call(*TOY)
    assert code == 0, stderr


def test_a_dataset_that_cannot_be_imported_is_one_line_and_names_its_owner(install, call):
    install("odd-pack 0.2", [(DOMAINS, "odd = odd:Odd")], odd=(
        "from toy import Toy\n"
        "class Odd(Toy):\n"
        "    name = 'odd'\n"
        "    datasets = {'needy': 'odd_needy:X', 'gone': 'odd.gone:X', 'renamed': 'odd:X'}\n"
        "    default = 'needy'\n"
    ), odd_needy="import no_such_library.part\n")  # fmt: skip
    for arguments, needles in (
        ((), ("'needy'", "No module named 'no_such_library'", "install no_such_library, which")),
        (("--pretrain", "gone"), ("'gone'", "odd.gone:X", "mend or reinstall odd-pack 0.2")),
        (("--pretrain", "renamed"), ("'renamed'", "odd:X", "mend or reinstall odd-pack 0.2")),
    ):
        code, stdout, stderr = call("run", "--domain", "odd", *arguments)
        assert (code, stdout, len(stderr.splitlines())) == (2, "", 1)
        for needle in ("of domain odd (odd-pack 0.2) cannot be imported", *needles):
            assert needle in stderr


def test_a_taken_name_stops_only_whoever_asks_for_it(install, call):
    install("one-pack 1.0", [(DOMAINS, "quake = one:Quake")], one=QUAKE)
    install("two-pack 2.0", [
        (DOMAINS, "quake = two:Quake"), (METHODS, "scarf = two:Zoom"),
    ], two=QUAKE)  # fmt: skip
    code, stdout, _ = call("list")
    assert code == 0
    assert stdout.count("name taken]") == 4  # both claims of both names
    for command in (["info", "quake"], ["run", "--domain", "quake"], ["check", "domain", "quake"]):
        code, _, stderr = call(*command)
        assert code == 2
        assert "one:Quake of one-pack 1.0" in stderr
        assert "two:Quake of two-pack 2.0" in stderr
        assert "uninstall or rename one" in stderr
    code, _, stderr = call(*TOY[:-2], "scarf")
    assert code == 2
    assert "vmbench_baselines.scarf:ScarfMethod of vmbench and two:Zoom of two-pack 2.0" in stderr
    findings = doctor(call)
    assert "two domains are named 'quake'" in findings["domain quake"]["detail"]
    assert "two methods are named 'scarf'" in findings["method scarf"]["detail"]
    code, _, stderr = call(*TOY)
    assert code == 0, stderr


def test_a_plugin_cannot_pose_as_a_room(install, call):
    index = "raise RuntimeError('imported by a mere listing')"
    install("sly-pack 1.0", [("vmbench.index", "sly = sly:ENTRIES")], sly=index)
    assert call("list")[0] == 0
    assert "sly" not in sys.modules


def test_plugin_option_registers_a_class_of_the_working_folder(
    install, call, monkeypatch, tmp_path
):
    install("nothing 1.0", [])
    (tmp_path / "try_quake.py").write_text(QUAKE)
    (tmp_path / "try_zoom.py").write_text(ZOOM)
    monkeypatch.chdir(tmp_path)
    both = ("--plugin", "try_quake:Quake", "--plugin", "try_zoom:Zoom")
    rows = json.loads(call("list", "datasets", "--json", *both)[1])
    owners = {(row["name"], row["domain"]): row["owner"] for row in rows}
    assert owners["toy-vector", "quake"] == "--plugin try_quake:Quake"
    assert "shakes" in call("info", "quake", *both)[1]
    code, _, stderr = call(
        "run", "--domain", "quake", "--method", "zoom", "--preset", "smoke", "--quiet", *both,
        "--transfer", "toy-vector",
    )  # fmt: skip
    assert code == 0, stderr
    for module in ("try_quake", "try_zoom"):
        sys.modules.pop(module)
    sys.path.remove(str(tmp_path))


@pytest.mark.parametrize(("plugin", "message"), [
    ("quake_pack", "is not module:Object, as in"),
    ("no_such_module:X", "cannot be imported: ModuleNotFoundError"),
    ("json:loads", "derives from none of vmbench.data.domain.Domain, vmbench.views.m"),
    ("vmbench.views.method:ViewMethod", "has no name: set the class attribute name"),
    ("faulty:Taken", "two domains are named 'image'"),
])  # fmt: skip
def test_a_bad_plugin_option_is_one_line(plugin, message, call):
    code, stdout, stderr = call("list", "--plugin", plugin)
    assert (code, stdout, len(stderr.splitlines())) == (2, "", 1)
    assert message in stderr


def test_a_plugin_that_is_installed_too_is_no_collision(install, call):
    install("quake-pack 1.2", [(DOMAINS, "quake = quake_pack:Quake")], quake_pack=QUAKE)
    code, stdout, stderr = call("list", "domains", "--plugin", "quake_pack:Quake")
    assert code == 0, stderr
    assert stdout.count("quake ") == 1


def test_asking_for_a_near_miss_of_a_plugin_names_it(install):
    install("quake-pack 1.2", [(DOMAINS, "quake = quake_pack:Quake")], quake_pack=QUAKE)
    with pytest.raises(UserError, match="did you mean 'quake'"):
        registry("domain").get("quakes")
