"""Speech and PhysioNet sets: what their samples cannot show by being found and read."""

import builtins
import json

import numpy as np
import pytest

from vmbench.cli import invoke
from vmbench.data.check import recognise
from vmbench.data.examples import prepare
from vmbench.errors import UserError
from vmbench.registry import registry
from vmbench_domains.audio.samples import write_tones

SAMPLED = {
    # dataset: (domain, train/val/test of every task, what occurs in the error for an empty folder)
    "fluent-speech": ("audio", (14, 14, 14), "data/train_data.csv"),
    "voxceleb1": ("audio", (2, 2, 2), "iden_split.txt"),
    "librispeech-960-speaker": ("audio", (6, 3, 3), "train-other-500/[0-9]*/[0-9]*"),
    "mit-bih": ("medical", (10, 10, 10), "[12]??.atr"),
    "ptb-xl": ("medical", (16, 2, 2), "records100/*/*_lr.hea"),
}


def load(name):
    return registry("domain").get(SAMPLED[name][0]).dataset(name)


def sampled(name, folder):
    load(name).write_sample(folder)
    return load(name).bind(folder)


@pytest.mark.parametrize("name", SAMPLED)
def test_samples_are_found_read_and_split(name, tmp_path):
    dataset = sampled(name, tmp_path)
    examples = prepare(dataset)
    for task in dataset.tasks:
        sizes = [len(examples.split(task, split)) for split in ("train", "val", "test")]
        assert tuple(sizes) == SAMPLED[name][1]
    made = list(dataset.examples())
    assert len({example.x.tobytes() for example in made}) == len(made)
    assert dataset.card.licence
    if "speaker is on all sides" not in dataset.tasks[0].split_rule:
        sides = {}
        for example in (e for e in made if e.splits):
            sides.setdefault(example.group, set()).update(example.splits.values())
        assert all(len(found) == 1 for found in sides.values())


@pytest.mark.parametrize("name", SAMPLED)
def test_an_empty_folder_is_told_what_goes_where(name, tmp_path):
    dataset = load(name)
    for data_dir in (tmp_path, None):
        with pytest.raises(UserError) as caught:
            dataset.bind(data_dir)
        message = str(caught.value)
        for needle in (SAMPLED[name][2], dataset.places[0], dataset.card.homepage, "--data-dir"):
            assert needle in message
        assert (f"vmbench data fetch {name}" in message) == bool(dataset.downloads)
        assert "\n" not in message


def test_fluent_rows_are_three_labels_of_one_clip(tmp_path):
    dataset = sampled("fluent-speech", tmp_path)
    clip = dataset.reader.clips()[3]
    words = {task.name: task.classes[clip.labels[task.name]] for task in dataset.tasks}
    assert words == {"action": "deactivate", "object": "Korean", "location": "washroom"}
    assert clip.speaker == "speaker0"
    table = dataset.reader.root / "data/valid_data.csv"
    table.write_text(table.read_text().replace("newspaper", "book"))
    with pytest.raises(UserError, match=r"valid_data\.csv, line 11: unknown object 'book'"):
        dataset.reader.clips()


def test_voxceleb_wants_both_archives_and_a_list_it_can_read(tmp_path):
    dataset = sampled("voxceleb1", tmp_path)
    assert dataset.reader.speakers == ("id10001", "id10270")
    lost = dataset.reader.root / "wav/id10270/7w0IBEWc9Qw/00001.wav"
    lost.unlink()
    with pytest.raises(UserError, match=r"1 of 6 files .* id10270/7w0IBEWc9Qw.*both"):
        list(dataset.examples())
    (dataset.reader.root / "iden_split.txt").write_text("1 id10001/1zcIwhmdeo4/00001.wav\n4 x\n")
    with pytest.raises(UserError, match=r"iden_split\.txt, line 2: '4 x'"):
        load("voxceleb1").bind(tmp_path)


def test_librispeech_960_reads_the_parts_and_100_the_first_alone(tmp_path):
    dataset = sampled("librispeech-960-speaker", tmp_path)
    assert dataset.reader.readers == ("14", "19", "20")
    hundred = registry("domain").get("audio").dataset("librispeech-100-speaker").bind(tmp_path)
    assert hundred.reader.readers == ("19",)
    assert [len(each.reader.downloads) for each in (dataset, hundred)] == [3, 1]


def test_an_utterance_is_on_the_same_side_in_100_and_960_hours(tmp_path):
    names = [f"{s}/198/{s}-198-{i:04}.flac" for s in ("19", "103", "26") for i in range(10)]
    write_tones((tmp_path / "LibriSpeech/train-clean-100" / name for name in names), 16_000)
    load("librispeech-960-speaker").write_sample(tmp_path)
    sides = []
    for name in ("librispeech-100-speaker", "librispeech-960-speaker"):
        dataset = registry("domain").get("audio").dataset(name).bind(tmp_path)
        sides.append({clip.path: clip.splits["speaker"] for clip in dataset.reader.clips()})
    hundred, all_hours = sides
    assert len(hundred) == 30 < len(all_hours)
    assert hundred.items() <= all_hours.items()


def test_all_hours_of_librispeech_are_pretrained_on_and_judged_on_dev_clean(tmp_path, capsys):
    audio = registry("domain").get("audio")
    for name in ("librispeech-960", "librispeech-dev-clean"):
        audio.dataset(name).write_sample(tmp_path)
    dataset = audio.dataset("librispeech-960").bind(tmp_path)
    assert dataset.tasks == ()
    assert len(prepare(dataset).training()) == 12
    command = ["run", "--domain", "audio", "--pretrain", "librispeech-960", "--data-dir", tmp_path,
               "--preset", "smoke", "--method", "random-init", "--out", tmp_path / "runs",
               "--quiet"]  # fmt: skip
    assert invoke(list(map(str, command))) == 2
    said = capsys.readouterr().err
    assert "--transfer librispeech-dev-clean" in said
    assert "vmbench pretrain" in said
    assert len(said.splitlines()) == 1
    command += ["--transfer", "librispeech-dev-clean", "--json"]
    assert invoke(list(map(str, command))) == 0
    (task,) = json.loads(capsys.readouterr().out)["tasks"]
    assert task["dataset"] == "librispeech-dev-clean"


def test_files_of_ones_own_are_not_taken_for_librispeech(tmp_path, capsys):
    names = [f"train/cough/p{i}-monday-a.flac" for i in range(6)]
    names += [f"{side}/{label}/p{i}-{label}-b.flac" for side in ("train", "test")
              for label in ("cough", "sneeze") for i in range(3)]  # fmt: skip
    write_tones((tmp_path / name for name in names), 16_000)
    assert invoke(["data", "check", str(tmp_path), "--domain", "audio"]) == 0
    assert "holds audio-folder" in capsys.readouterr().out


@pytest.mark.parametrize(("name", "table"), [
    ("fluent-speech", "data/valid_data.csv"),
    ("esc-50", "meta/esc50.csv"),
    ("ptb-xl", "scp_statements.csv"),
])  # fmt: skip
def test_tables_that_are_not_the_publishers_are_one_clear_line(name, table, tmp_path):
    domain = registry("domain").get("medical" if name == "ptb-xl" else "audio")
    domain.dataset(name).write_sample(tmp_path)
    dataset = domain.dataset(name).bind(tmp_path)
    path = dataset.reader.root / table
    whole = path.read_bytes()
    first, second, _ = whole.split(b"\r\n", 2)
    spoiled = (b"a,b\n1,2\n", first + b"\r\n" + second[:3], b"\xff\xfe" + whole)
    for content, cause in zip(spoiled, ("no column", "cut short", "cannot be read"), strict=True):
        path.write_bytes(content)
        with pytest.raises(UserError, match=cause) as caught:
            list(dataset.examples())
        assert str(path) in str(caught.value)


@pytest.mark.parametrize(("domain", "name", "package"), [
    ("audio", "fsdd", "soundfile"),
    ("image", "dtd", "PIL"),
    ("medical", "chexpert", "PIL"),
])  # fmt: skip
def test_a_missing_package_is_no_broken_file(domain, name, package, tmp_path, monkeypatch):
    registry("domain").get(domain).dataset(name).write_sample(tmp_path)
    dataset = registry("domain").get(domain).dataset(name).bind(tmp_path)
    _hide(monkeypatch, package)
    with pytest.raises(UserError, match="which is not installed: pip install") as caught:
        list(dataset.examples())
    assert "cannot be read" not in str(caught.value)


def test_mit_bih_windows_lie_around_the_peak_with_mlii_first(tmp_path):
    from vmbench_domains.medical.wfdb_records import read_annotations, read_signals

    dataset = sampled("mit-bih", tmp_path)
    made = list(dataset.examples())
    assert [example.group for example in made] == ["114"] * 10 + ["118"] * 10 + ["100"] * 10
    signals, names, rate = read_signals(dataset.reader.root / "114")
    peaks, symbols = read_annotations(dataset.reader.root / "114", "atr")
    assert (names, rate) == (["V5", "MLII"], 360)
    beats = [p for p, s in zip(peaks.tolist(), symbols, strict=True) if s != "+"][1:]
    for example, peak in zip(made, beats, strict=False):
        np.testing.assert_array_equal(example.x, signals[::-1, peak - 90 : peak + 166])
        assert example.x[0].argmax() == 90
    names = [dataset.tasks[0].classes[example.labels["beat"]] for example in made[:10]]
    assert names == [
        "normal", "supraventricular", "ventricular", "fusion", "unknown", "normal",
        "supraventricular", "ventricular", "unknown", "normal",
    ]  # fmt: skip
    assert any("41 of 44 records are missing: 101, 106," in text for text in dataset.remarks)
    assert any("3 beats are too near an end" in text for text in dataset.remarks)


def test_mit_bih_split_is_the_published_one():
    from vmbench_domains.medical.mit_bih import SIDES, TEST, TRAIN, VAL

    assert (len(TRAIN) + len(VAL), len(TEST), len(SIDES)) == (22, 22, 44)
    assert not {102, 104, 107, 217} & set(SIDES)


def test_a_broken_record_is_told(tmp_path):
    dataset = sampled("mit-bih", tmp_path)
    (dataset.reader.root / "118.dat").write_bytes(b"short")
    with pytest.raises(UserError, match=r"3 records cannot be read, e\.g\. 118"):
        list(dataset.examples())


def test_ptb_xl_reads_signals_and_superclasses_as_written(tmp_path):
    from vmbench_domains.medical.wfdb_records import read_signals

    dataset = sampled("ptb-xl", tmp_path)
    made = list(dataset.examples())
    assert [e.labels["diagnosis"] for e in made[:2]] == [(0, 1, 1, 1, 1), (1, 0, 0, 0, 0)]
    assert [e.group for e in made] == [str(n) for n in range(1, 22)]
    assert [bool(e.splits) for e in made] == [True] * 20 + [False]  # the last has no diagnosis
    signals, names, rate = read_signals(dataset.reader.root / "records100/00000/00002_lr")
    assert (signals.shape, len(names), rate) == ((12, 1000), 12, 100)
    np.testing.assert_array_equal(made[1].x, signals)
    drawn = np.random.default_rng(0).normal(0, 0.1, (2, 12, 1000))[1]  # as the sample draws it
    np.testing.assert_allclose(signals, drawn, atol=0.5 / 200 + 1e-6)  # 200 steps to the mV
    assert len(prepare(dataset).training()) == 16 + 1
    table = dataset.reader.root / "ptbxl_database.csv"
    head, *rows = table.read_text().splitlines()
    fold = head.split(",").index("strat_fold")
    last = rows[-1].split(",")
    last[fold] = "10"  # test's
    table.write_text("\n".join([head, *rows[:-1], ",".join(last)]) + "\n")
    again = load("ptb-xl").bind(tmp_path)
    assert len(list(again.examples())) == 20
    assert any(r.startswith("1 ECGs without a diagnostic") for r in again.remarks)


def test_ptb_xl_tables_and_records_that_are_wrong_are_told(tmp_path):
    dataset = sampled("ptb-xl", tmp_path)
    table = dataset.reader.root / "ptbxl_database.csv"
    text = table.read_text()
    (dataset.reader.root / "records100/00000/00007_lr.dat").unlink()
    list(dataset.examples())
    assert any("skipped 1 of 21 ECGs" in r and "00007_lr" in r for r in dataset.remarks)
    for wrong in (text.replace("{'NORM': 100.0, 'SR': 0.0}", "__import__('os')", 1),
                  text.replace(",1,records", ",11,records")):  # fmt: skip
        table.write_text(wrong)
        with pytest.raises(UserError, match=r"ptbxl_database\.csv, line \d+, cannot be read"):
            list(dataset.examples())
    table.write_text(text.replace("strat_fold", "fold"))
    with pytest.raises(UserError, match="has no column 'strat_fold'"):
        list(dataset.examples())


@pytest.mark.parametrize("name", ["mit-bih", "ptb-xl"])
def test_without_wfdb_the_extra_is_named(name, tmp_path, monkeypatch):
    load(name).write_sample(tmp_path)
    domain = registry("domain").get("medical")
    _hide(monkeypatch, "wfdb")
    for look in (lambda: load(name).bind(tmp_path), lambda: recognise(domain, tmp_path, None)):
        with pytest.raises(UserError, match=r"pip install 'vmbench\[wfdb\]'"):
            look()
    with pytest.raises(UserError, match="elsewhere does not exist"):
        recognise(domain, tmp_path / "elsewhere", None)
    (tmp_path / "elsewhere").mkdir()
    with pytest.raises(UserError, match="holds none of"):
        recognise(domain, tmp_path / "elsewhere", None)


def _hide(monkeypatch, package):
    """From now on ``package`` is not installed."""
    importing = builtins.__import__

    def without(name, *arguments, **keywords):
        if name == package:
            raise ModuleNotFoundError(f"No module named '{package}'", name=package)
        return importing(name, *arguments, **keywords)

    monkeypatch.setattr(builtins, "__import__", without)
