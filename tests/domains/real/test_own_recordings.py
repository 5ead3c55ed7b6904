"""Recordings of one's own as people have them: clocks, rates, gaps, columns, cells, splits."""

import gzip

import numpy as np
import pandas
import pytest

from vmbench.cli import invoke
from vmbench.data.check import check_data
from vmbench.data.examples import prepare
from vmbench.errors import UserError
from vmbench.registry import registry
from vmbench_domains.sensor.clock import find_unit, unit_of

ROWS = 600  # 300 of walking, 300 of sitting, at 50 Hz unless a test says otherwise
LABELS = ["walk"] * 300 + ["sit"] * 300


def bound(root, target=None):
    return registry("domain").get("sensor").dataset("recordings-raw").bind(root, target)


def read(root):
    """The bound dataset, its examples, and its remarks in one string."""
    dataset = bound(root)
    made = list(dataset.examples())
    return dataset, made, "\n".join(dataset.remarks)


def write(path, columns, separator=","):
    """A text file of columns: name -> a cell for each row, or one for all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = max(len(cells) for cells in columns.values() if isinstance(cells, (list, np.ndarray)))
    cells = [c if isinstance(c, (list, np.ndarray)) else [c] * rows for c in columns.values()]
    lines = [separator.join(columns)]
    lines += [separator.join(map(str, row)) for row in zip(*cells, strict=True)]
    path.write_text("\n".join(lines) + "\n")


def noise(seed=0):
    return np.random.default_rng(seed).normal(size=ROWS).round(4)


def files(root, count=4, **columns):
    """``count`` files of walking and sitting; a column may be a function of the file's number."""
    for k in range(count):
        mine = {name: c(k) if callable(c) else c for name, c in columns.items()}
        write(root / f"p{k}.csv", {"ax": noise(k), "label": LABELS} | mine)


def consecutive(window):
    """Whether a ramp runs through the window without a jump."""
    return np.allclose(np.diff(window), window[1] - window[0], atol=1e-3)


# Clocks and rates -------------------------------------------------------------------------------


CLOCKS = {
    "seconds": ("time", lambda i: f"{i / 50:.3f}"),
    "epoch in seconds": ("time", lambda i: f"{1_700_000_000 + i / 50:.2f}"),
    "epoch in ms": ("time", lambda i: 1_700_000_000_000 + i * 20),
    "epoch in us": ("timestamp", lambda i: 1_700_000_000_000_000 + i * 20_000),
    "epoch in ns": ("time", lambda i: 1_700_000_000_000_000_000 + i * 20_000_000),
    "a unit in the name": ("Time (ms)", lambda i: i * 20),
    "dates": ("time", lambda i: f"2024-01-01 00:00:{i / 50:06.3f}"),
    "dates in a zone": ("Timestamp", lambda i: f"2024-05-01T10:00:{i / 50:06.3f}Z"),
    "day first": ("datetime", lambda i: f"31/01/2024 10:00:{i / 50:06.3f}"),
    "slashes": ("time", lambda i: f"2024/01/12 10:00:{i / 50:06.3f}"),
    "a month's name": ("time", lambda i: f"12 Jan 2024 10:00:{i / 50:06.3f}"),
    "a month in short": ("Timestamp", lambda i: f"12-May-2024 10:00:{i / 50:06.3f}"),
    "minutes": ("Time [min]", lambda i: f"{i / 3000:.7f}"),
    "over midnight": ("time", lambda i: (
        f"23:59:{54 + i / 50:06.3f}" if i < 300 else f"00:00:{i / 50 - 6:06.3f}")),
    "whole seconds": ("time", lambda i: f"2024-01-01 00:00:{i // 50:02}"),
}  # fmt: skip


@pytest.mark.parametrize("kind", CLOCKS)
def test_clocks_of_every_kind_give_50_hz(kind, tmp_path):
    name, clock = CLOCKS[kind]
    files(tmp_path, **{name: [clock(i) for i in range(ROWS)]})
    _, made, remarks = read(tmp_path)
    assert remarks.startswith("1 channels (ax), 50 Hz; windows of 250 samples")
    assert len(made) == 8
    assert "jumps" not in remarks
    assert "resampled" not in remarks


def test_a_unit_that_is_open_is_asked_for_and_taken_from_the_settings(tmp_path):
    files(tmp_path, time=[20 * i for i in range(ROWS)])
    with pytest.raises(UserError, match=r"p0\.csv.*rises by 20.*50 Hz in ms.*time_unit = \"ms\""):
        bound(tmp_path)
    (tmp_path / "vmbench.toml").write_text('time_unit = "ms"')
    assert "50 Hz" in read(tmp_path)[2]
    for path in tmp_path.glob("*.csv"):
        path.write_text(path.read_text().replace("time", "time_s"))
    with pytest.raises(UserError, match=r"p0\.csv: column 'time_s' says s, time_unit .* ms"):
        bound(tmp_path)
    (tmp_path / "vmbench.toml").write_text('time_unit = "week"')
    with pytest.raises(UserError, match="'week' is none of s, ms, us, ns, min, h"):
        bound(tmp_path)


@pytest.mark.parametrize(("values", "unit"), [
    (np.arange(100) / 200, "s"),
    (1.7e9 + np.arange(100) / 10, "s"),
    (1.7e12 + np.arange(100) * 10, "ms"),
    (1.7e15 + np.arange(100) * 1e4, "us"),
    (1.7e18 + np.arange(100) * 1e7, "ns"),
    (np.arange(100.0), None),  # 1 Hz, 1 kHz, or a row number
    (5e12 + np.arange(100) * 5e7, None),  # since the telephone was started
    (45_000 + np.arange(100) * 2e-7, None),  # days, as spreadsheets count
])  # fmt: skip
def test_units_follow_from_values_only_where_no_other_is_possible(values, unit):
    if unit is None:
        with pytest.raises(UserError, match="whose unit is unknown"):
            find_unit(values, "here", "time")
    else:
        assert find_unit(values, "here", "time") == unit


@pytest.mark.parametrize("name", ["ax", "timer_1", "lifetime", "s", "T", "date_of_birth", "update"])
def test_other_names_are_no_clock(name):
    assert unit_of(name) == (False, None)


def test_files_of_another_rate_are_resampled_and_named(tmp_path):
    for k in range(6):
        rate = 50 if k % 2 == 0 else 100
        t = np.arange(12 * rate) / rate
        label = np.where(t < 6, "walk", "sit")
        tones = {f: np.sin(2 * np.pi * f * t + k).round(6) for f in (3, 40)}
        write(tmp_path / f"p{k}.csv", {
            "time": t.round(4), "slow": tones[3], "fast": tones[40] if rate == 100 else 0.0,
            "label": label,
        })  # fmt: skip
    _, made, remarks = read(tmp_path)
    assert "resampled to 50 Hz: 3 of 6 files, at 100 Hz (p1.csv, p3.csv, p5.csv)" in remarks
    assert len(made) == 12  # 6 s hold one window of 5 s, at either rate
    for example in made:
        k, start = int(example.group.removeprefix("p")), 0 if example.labels["label"] else 6
        expected = np.sin(2 * np.pi * 3 * (np.arange(250) / 50 + start) + k)
        # Within 0.2 s of an end, the filter reaches beyond it.
        np.testing.assert_allclose(example.x[0, 10:], expected[10:], atol=0.02)
        # 40 Hz is above what 50 Hz can hold: dropping every other sample would make 10 Hz of it.
        assert np.abs(example.x[1, 20:]).max() < 0.02


def test_a_rate_in_the_settings_is_the_rate_of_all(tmp_path):
    files(tmp_path, time=(np.arange(ROWS) / 50).round(3))
    (tmp_path / "vmbench.toml").write_text("rate = 25")
    dataset, _, remarks = read(tmp_path)
    assert dataset.reader.window == 125
    assert "resampled to 25 Hz: 4 of 4 files, at 50 Hz" in remarks


def test_no_window_runs_across_a_gap_or_a_restart_of_the_clock(tmp_path):
    # An hour passes after 400 and 1,300 rows; the clock starts anew after 900.
    rows = np.arange(1600)
    time = (rows % 900) / 50 + 3600 * (rows % 900 >= 400)
    value = rows + 500 * np.searchsorted([400, 900, 1300], rows, side="right")
    for k in range(3):
        columns = {"time": time.round(3), "ax": value, "label": np.where(rows < 1590, "a", "b")}
        write(tmp_path / f"p{k}.csv", columns)
    _, made, remarks = read(tmp_path)
    assert "time jumps 9 times within a label" in remarks
    # 400, 500, 400 and 290 rows of one label, each without a jump: 2, 3, 2 and 1 windows.
    assert len(made) == 3 * 8
    assert all(consecutive(example.x[0]) for example in made)
    assert "no window at all of: b" in remarks


def test_gaps_that_leave_nothing_are_named(tmp_path):
    files(tmp_path, time=[f"{i / 50 + (3600 if i % 300 > 150 else 0):.3f}" for i in range(ROWS)])
    with pytest.raises(UserError, match=r"the longest has 151; time jumps 8 times.*: say window"):
        bound(tmp_path)


def test_lost_samples_are_interpolated_so_that_what_follows_is_not_shifted(tmp_path):
    kept = np.array([i for i in range(ROWS) if i % 40 != 7])
    for k in range(3):
        columns = {"time": (kept / 50).round(3), "ax": kept, "label": np.array(LABELS)[kept]}
        write(tmp_path / f"p{k}.csv", columns)
    _, made, remarks = read(tmp_path)
    assert "45 steps of time are uneven" in remarks
    for example in made:
        start = 0 if example.labels["label"] else 300
        np.testing.assert_allclose(example.x[0], start + np.arange(250), atol=0.01)


def test_jitter_is_no_gap(tmp_path):
    jitter = np.random.default_rng(0).uniform(-0.003, 0.003, ROWS)
    files(tmp_path, time=(np.arange(ROWS) / 50 + jitter).round(4))
    _, made, remarks = read(tmp_path)
    assert len(made) == 8
    assert "jumps" not in remarks


@pytest.mark.parametrize(("clock", "message"), [
    (lambda i: 12 - i / 50, "p0.csv: time runs backwards"),
    (lambda i: (131 * i) % ROWS / 50, "p0.csv: time runs backwards in .*: sort the rows"),
    (lambda i: 5, "p0.csv: time stands still: is it the right column"),
    (lambda i: i / 50 if i < 300 else 6 + (i - 300) / 100, "the rate changes within the file"),
    (lambda i: "" if i == 10 else i / 50, r"p0\.csv, line 12: column 'time' names no time"),
    (lambda i: "soon" if i == 10 else i / 50, r"p0\.csv, line 12, column 'time': 'soon'"),
    (lambda i: f"2024-01-01 00:00:{i % 60:02}" if i != 7 else "noon", r"line 9, .*'noon' is no t"),
])  # fmt: skip
def test_clocks_that_cannot_be_right_are_one_line(clock, message, tmp_path):
    files(tmp_path, time=[clock(i) for i in range(ROWS)])
    with pytest.raises(UserError, match=message) as caught:
        bound(tmp_path)
    assert "\n" not in str(caught.value)


def test_dates_of_parquet_are_50_hz(tmp_path):
    when = pandas.date_range("2024", periods=ROWS, freq="20ms", tz="Europe/Berlin")
    frame = pandas.DataFrame({"ax": noise(), "label": LABELS})
    kinds = {
        "column": frame.assign(time=when),
        "index": frame.set_index(when.rename("time")),
        "delta": frame.assign(time=when - when[0]),
    }
    for name, kept in kinds.items():
        for k in range(3):
            (tmp_path / name).mkdir(exist_ok=True)
            kept.to_parquet(tmp_path / name / f"p{k}.parquet")
        _, made, remarks = read(tmp_path / name)
        assert "1 channels (ax), 50 Hz" in remarks
        assert len(made) == 6


# Columns and cells ------------------------------------------------------------------------------


def test_columns_are_found_by_name_in_any_order_and_case(tmp_path):
    for k in range(4):
        one = {"ax": np.arange(ROWS), "ay": -np.arange(ROWS)}
        order = one if k else dict(reversed(one.items()))
        write(tmp_path / f"p{k}.csv", {" Time ": np.arange(ROWS) / 50, **order, "Label": LABELS})
    dataset, made, _ = read(tmp_path)
    positive = {dataset.reader.channel_names()[c] for c in range(2) for e in made if e.x[c, 1] > 0}
    assert positive == {"ax"}


def test_a_file_with_other_columns_is_named(tmp_path):
    files(tmp_path)
    write(tmp_path / "p0.csv", {"ax": noise(), "gx": noise(), "label": LABELS})
    with pytest.raises(UserError, match=r"p0\.csv has the channels ax, gx: unlike 3 .* has gx"):
        bound(tmp_path)
    write(tmp_path / "p0.csv", {"time": np.arange(ROWS) / 50, "ax": noise(), "label": LABELS})
    with pytest.raises(UserError, match=r"p0\.csv .* has time besides"):
        bound(tmp_path)


def spoiled(line, change):
    def spoil(text):
        lines = text.split("\n")
        lines[line - 1 :] = [change(row) if row else row for row in lines[line - 1 :]]
        return "\n".join(lines)

    return spoil


@pytest.mark.parametrize(("spoil", "message"), [
    (spoiled(152, lambda row: f"1,{row}"), r"p0\.csv .*line 152 has 4 fields"),
    (spoiled(2, lambda row: f"walk, fast,{row}"), r"p0\.csv .*line 2 has 5 fields, the header 3"),
    (spoiled(2, lambda row: f"r1,{row}"), r"p0\.csv .*has 4 fields, the header 3"),
    (spoiled(600, lambda row: row.split(",")[0]), r"p0\.csv .*line 600 has 1 fields"),
    (spoiled(40, lambda row: f"x{row}"), r"p0\.csv, line 40, column 'ax': 'x0?.*' is no number"),
    (spoiled(40, lambda row: "1_0," + row.split(",", 1)[1]), r"line 40, .*'1_0' is no number"),
    (spoiled(40, lambda row: '"1,5",' + row.split(",", 1)[1]), r"line 40, .*'1,5' is no number"),
    (lambda text: text.replace("ax", "ay"), "has the column 'ay' twice"),
])  # fmt: skip
def test_rows_are_never_shifted_and_numbers_never_guessed(spoil, message, tmp_path):
    files(tmp_path, ay=noise(7))
    for path in tmp_path.iterdir():
        path.write_text(spoil(path.read_text()))
    with pytest.raises(UserError, match=message) as caught:
        read(tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("separator", "comma"), [(";", True), ("\t", True), (";", False)])
def test_spreadsheets_of_other_countries(separator, comma, tmp_path):
    for k in range(4):
        values = [str(v).replace(".", ",") if comma else v for v in np.arange(ROWS) / 4]
        write(tmp_path / f"p{k}.csv", {"ax": values, "label": LABELS}, separator)
    _, made, remarks = read(tmp_path)
    np.testing.assert_array_equal(made[0].x[0], np.arange(250) / 4)
    assert ("decimal commas are read as points" in remarks) == comma


def test_labels_and_subjects_are_texts_throughout(tmp_path):
    for k, ids in enumerate((("01", "02", "03"), ("01", "02", "S4"))):
        write(tmp_path / f"f{k}.csv", {
            "subject": np.repeat(ids, ROWS), "ax": np.tile(noise(k), 3),
            "label": np.tile(np.repeat([["None", "NA"], ["None", "1.0"]][k], 300), 3),
        })  # fmt: skip
    write(
        tmp_path / "f2.csv", {"subject": "1", "ax": noise(9), "label": ["1"] * 300 + ["NA"] * 300}
    )
    dataset, made, _ = read(tmp_path)
    assert {example.group for example in made} == {"01", "02", "03", "S4", "1"}
    assert dataset.tasks[0].classes == ("1", "NA", "None")
    sides = {}
    for example in made:
        sides.setdefault(example.group, set()).add(example.splits["label"])
    assert all(len(side) == 1 for side in sides.values())


def test_missing_values_are_counted_and_only_short_gaps_filled(tmp_path):
    ax = [f"{i / 4}" for i in range(ROWS)]
    ax[20], ax[30], ax[40] = "?", "1e300", ""
    gap = ["" if 350 <= i < 450 else "1" for i in range(ROWS)]
    files(tmp_path, ax=ax, ay=gap)
    _, made, remarks = read(tmp_path)
    assert "8.58% of the values are missing (ax 0.50%, ay 16.67%)" in remarks
    assert "400 of 2400 samples are left out" in remarks
    # Walking is whole; of sitting, 50 and 150 samples are left: too few.
    assert [example.labels["label"] for example in made] == [1] * 4
    np.testing.assert_allclose(made[0].x[0], np.arange(250) / 4, atol=1e-5)
    assert "no window at all of: sit" in remarks


def test_channels_that_tell_no_movement_are_named(tmp_path):
    files(
        tmp_path,
        idx=np.arange(ROWS),
        still=9.81,
        person=lambda k: [k + 7] * ROWS,
        dead=lambda k: noise(20 + k) if k else [0] * ROWS,
        **{"": np.arange(ROWS)},
    )
    dataset, _, remarks = read(tmp_path)
    assert dataset.reader.channel_names() == ("ax", "idx", "still", "person", "dead")
    assert "constant channels: still" in remarks
    assert "person is constant in every file, and not the same in all" in remarks
    assert "dead is constant in p0.csv" in remarks
    assert "idx only counts up" in remarks
    assert "columns without a name (p0.csv" in remarks
    (tmp_path / "vmbench.toml").write_text('drop = ["idx", "still", "person", "dead"]')
    assert bound(tmp_path).reader.channel_names() == ("ax",)
    (tmp_path / "vmbench.toml").write_text('drop = ["idy"]')
    with pytest.raises(UserError, match="drop names 'idy', which is no column"):
        bound(tmp_path)


def test_a_channel_that_is_the_label_in_numbers_is_named(tmp_path):
    files(tmp_path, activity=[4] * 300 + [7] * 300, phase=[4] * 150 + [7] * 450)
    remarks = read(tmp_path)[2]
    assert "activity is another name of the label" in remarks
    assert "phase" not in remarks.split("\n", 1)[1]


def test_codes_of_missing_values_in_a_channel_are_said(tmp_path):
    values = lambda k: np.where(np.arange(ROWS) % 50 < 3, -999, noise(k))  # noqa: E731
    files(tmp_path, ay=values, az=[9, 8, 7] * 200)
    assert "codes of a missing value: ay -999 (144 times); empty those" in read(tmp_path)[2]


def test_labels_that_differ_by_their_spelling_alone_are_said(tmp_path):
    files(tmp_path, label=["Walk"] * 300 + ["walk "] * 300)
    assert "labels that differ by their spelling alone: Walk, walk" in read(tmp_path)[2]


def test_sessions_and_subjects_end_a_window(tmp_path):
    # Six rows of 250: the label is the same, subject and session are not.
    value = np.repeat([0, 1000, 2000], 250) + np.arange(750)
    write(tmp_path / "all.csv", {
        "subject": np.repeat(["a", "b", "c", "d"], 750),
        "session": np.tile(np.repeat([1, 2, 1], 250), 4),
        "ax": np.tile(value, 4),
        "label": np.repeat(["walk", "sit", "walk", "sit"], 750),
    })  # fmt: skip
    _, made, _ = read(tmp_path)
    assert len(made) == 12
    assert all(consecutive(example.x[0]) for example in made)


def test_parquet_columns_of_odd_types(tmp_path):
    frame = pandas.DataFrame({
        "ax": pandas.array([None if i % 50 == 0 else i for i in range(ROWS)], dtype="Int64"),
        "on": noise() > 0, "0": noise().astype(str), "label": pandas.Categorical(LABELS),
    })  # fmt: skip
    for k in range(3):
        frame.to_parquet(tmp_path / f"p{k}.parquet")
    dataset, made, _ = read(tmp_path)
    assert dataset.reader.channel_names() == ("ax", "on", "0")
    np.testing.assert_allclose(made[0].x[0, 1:], np.arange(1, 250))
    np.testing.assert_array_equal(made[0].x[1], noise()[:250] > 0)
    for column, said in (([[1, 2]] * ROWS, "list"), (pandas.Timestamp("2024"), "timestamp")):
        frame.assign(odd=column).to_parquet(tmp_path / "p1.parquet")
        frame.assign(odd=1.0).to_parquet(tmp_path / "p0.parquet")
        frame.assign(odd=1.0).to_parquet(tmp_path / "p2.parquet")
        odd = bound(tmp_path)
        with pytest.raises(UserError, match=rf"p1\.parquet: column 'odd' holds {said}"):
            list(odd.examples())


# Files, folders and splits ----------------------------------------------------------------------


@pytest.mark.parametrize("layout", ["{side}/{side}{k}.csv", "p{side}{k}/{side}.csv",
                                    "rec{k}_{side}.csv", "Data/{side}/{k}.csv"])  # fmt: skip
def test_the_users_own_sides_are_kept(layout, tmp_path):
    marks = {"train": 1.0, "val": 2.0, "test": 3.0}
    for side, mark in marks.items():
        for k in range(3):
            columns = {"ax": noise(k), "mark": mark, "label": LABELS}
            write(tmp_path / layout.format(side=side, k=k), columns)
    dataset, made, _ = read(tmp_path)
    assert dataset.tasks[0].split_rule == "as the data says"
    assert len(made) == 18
    assert all(example.x[1, 0] == marks[example.splits["label"]] for example in made)


def test_sides_that_contradict_each_other_are_refused(tmp_path):
    files(tmp_path / "train", split="train")
    files(tmp_path / "test", split=lambda k: "train" if k == 2 else "test")
    with pytest.raises(UserError, match=r"p2\.csv, line 2: the split is train, .* says test"):
        bound(tmp_path)
    files(tmp_path / "test/train", split="test")
    with pytest.raises(UserError, match=r"test/train/p0\.csv: its name says test and train"):
        bound(tmp_path)


def test_hidden_folders_are_no_data(tmp_path):
    files(tmp_path)
    (tmp_path / ".ipynb_checkpoints").mkdir()
    copy = tmp_path / ".ipynb_checkpoints/p0-checkpoint.csv"
    copy.write_text((tmp_path / "p0.csv").read_text())
    assert {example.group for example in read(tmp_path)[1]} == {"p0", "p1", "p2", "p3"}


def test_files_that_cannot_be_read_are_skipped_and_named(tmp_path):
    for name, content, said in (
        ("empty.csv", b"", "it is empty"),
        ("rows.csv", b"ax,label\n", "a header and no rows"),
        ("latin.csv", "ax,label\n1,geh\u00e4n\n".encode("latin-1"), "line 2 is no UTF-8"),
        ("book.csv", b"PK\x03\x04" + bytes(100), "a spreadsheet"),
        ("cut.csv.gz", gzip.compress(b"ax,label\n" + b"1,walk\n" * 99)[:-9], "end-of-stream"),
        ("broken.parquet", b"PAR1 and no more", "magic bytes"),
    ):
        files(tmp_path, count=8)
        (tmp_path / name).write_bytes(content)
        _, made, remarks = read(tmp_path)
        assert len(made) == 16
        assert f"skipped 1 of 9 files that cannot be read: {name} (" in remarks
        assert said in remarks
        (tmp_path / name).unlink()


def test_what_was_left_out_while_reading_is_said(tmp_path):
    files(tmp_path)
    lines = (tmp_path / "p1.csv").read_text().splitlines()
    (tmp_path / "p1.csv").write_text("\n".join([*lines[:100], lines[0], *lines[100:]]))
    (tmp_path / "p4.txt").write_text("\n".join(lines))
    (tmp_path / ".hidden.txt").write_text("")
    _, made, remarks = read(tmp_path)
    assert len(made) == 8
    assert "the header stands in 1 rows more: left out there (p1.csv)" in remarks
    assert "left alone, being no tables: 1 .txt" in remarks


def test_what_was_mended_while_reading_is_said(tmp_path):
    files(tmp_path)
    for path in tmp_path.iterdir():
        lines = path.read_text().splitlines()
        path.write_text("\n".join([lines[0], *(f"{line}," for line in lines[1:])]), "utf-16")
    _, made, remarks = read(tmp_path)
    assert "the delimiter at the end of every row is left out (p0.csv, p1.csv, p2.csv" in remarks
    np.testing.assert_array_equal(made[0].x[0], noise(0)[:250].astype(np.float32))


def test_gaps_so_long_that_no_window_is_left_are_told(tmp_path):
    files(tmp_path, ay=["1"] * 10 + [""] * 590)
    dataset = bound(tmp_path)
    with pytest.raises(
        UserError, match=r"no window of 250 .*\(ay 98.33%\).*p0\.csv: 590"
    ) as caught:
        list(dataset.examples())
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("settings", "message"), [
    ("window = 31", "window = 31 must be at least 32"),
    ("window = 100000", "the longest has 300: say window"),
    ("window = 100.0", "window = 100.0 must be a whole number"),
    ("step = 0", "step = 0 must be greater than 0"),
    ("rate = nan", "rate = nan must be a finite number"),
    ("rate = inf", "rate = inf must be a finite number"),
    ("rate = true", "rate = true must be a number"),
])  # fmt: skip
def test_settings_out_of_range_are_one_line(settings, message, tmp_path):
    files(tmp_path)
    (tmp_path / "vmbench.toml").write_text(settings)
    with pytest.raises(UserError, match=message) as caught:
        bound(tmp_path)
    assert "vmbench.toml" in str(caught.value)


def test_settings_that_notepad_saved_are_read(tmp_path):
    files(tmp_path)
    (tmp_path / "vmbench.toml").write_text("\ufeffwindow = 100\n", encoding="utf-8")
    assert bound(tmp_path).reader.window == 100


def test_rows_that_take_turns_and_a_single_class_are_told(tmp_path):
    files(tmp_path, subject=["a", "b"] * 300)
    with pytest.raises(UserError, match=r"the longest has 1: .*sort the rows by subject"):
        bound(tmp_path)
    files(tmp_path, label=["walk", " walk "] * 300)
    with pytest.raises(UserError, match="every row's label in column 'label' is 'walk'"):
        bound(tmp_path)


def test_what_is_in_no_window_is_counted(tmp_path):
    files(tmp_path)
    # Of 300 rows, one window covers 250.
    assert "16.7% of the 2400 labelled samples are in no window" in read(tmp_path)[2]
    (tmp_path / "vmbench.toml").write_text("window = 50\nstep = 50")
    assert "in no window" not in read(tmp_path)[2]


# Time without a label --------------------------------------------------------------------------


def partly(root, **columns):
    """Six people, each of whom has 300 samples without a label after 300 of walk and of sit."""
    for k in range(6):
        mine = {name: c(k) if callable(c) else c for name, c in columns.items()}
        ramp = 1000 * k + np.arange(900)
        write(root / f"p{k}.csv", {"ax": ramp, "label": [*LABELS, *[""] * 300]} | mine)
    (root / "vmbench.toml").write_text("window = 100")


def test_time_without_a_label_is_pretrained_on_but_of_people_who_are_held_out(tmp_path):
    partly(tmp_path)
    dataset = bound(tmp_path)
    made, prepared = list(dataset.examples()), prepare(dataset)
    held_out = {e.group for e in made if e.splits.get("label") in ("val", "test")}
    assert len(held_out) == 2
    training = [made[i] for i in prepared.training()]
    bare = [e for e in training if not e.splits]
    assert len(bare) == 4 * 5  # 300 samples hold 5 windows of 100, one every 50
    assert not held_out & {e.group for e in training}
    # They come from where there is no label, and no window runs into what has one.
    assert {int(e.x[0, 0]) % 1000 for e in bare} == {600, 650, 700, 750, 800}
    assert all(consecutive(e.x[0]) for e in bare)
    report = check_data(bound(tmp_path))
    assert (report.unlabelled, report.unlabelled_held_out) == (20, 10)
    assert report.pretraining == len(training)


@pytest.mark.parametrize(("columns", "kept", "said"), [
    ({"split": [*["train"] * 600, *["test"] * 300]}, 0, "without a label are in val or test"),
    ({"subject": lambda k: [*[f"s{k}"] * 600, *[""] * 300]}, 0, "name no subject, as others do"),
    ({"subject": lambda k: [*[f"s{k}"] * 600, *["another"] * 300]}, 30, "without a label"),
])  # fmt: skip
def test_unlabelled_time_of_test_or_of_nobody_is_left_out(columns, kept, said, tmp_path):
    """Six more stand for the sides, as the split or the subject would have it."""
    partly(tmp_path, **columns)
    if "split" in columns:
        for k in range(4):
            write(tmp_path / f"t{k}.csv", {"ax": noise(k), "label": LABELS, "split": [
                ("val", "test")[k % 2]] * 600})  # fmt: skip
    dataset = bound(tmp_path)
    made = list(dataset.examples())
    assert sum(not e.splits for e in made) == kept
    assert said in "\n".join(prepare(dataset).remarks)


def test_recordings_without_any_label_are_pretrained_on_alone(tmp_path, capsys):
    for k in range(3):
        write(tmp_path / f"p{k}.csv", {"ax": noise(k), "ay": noise(k + 9)})
    dataset = bound(tmp_path)
    assert dataset.tasks == ()
    assert len(prepare(dataset).training()) == 3 * 3  # windows of 250, one every 125
    command = ["--domain", "sensor", "--data-dir", str(tmp_path)]
    assert invoke(["run", "--pretrain", "recordings-raw", *command, "--out", "/nowhere"]) == 2
    said = capsys.readouterr().err
    assert "no file has a column 'label'; if one of the channels (ax, ay) is the label" in said
    assert "vmbench pretrain" in said
    assert len(said.splitlines()) == 1
    assert invoke(["data", "check", str(tmp_path), "--domain", "sensor"]) == 0
    said = capsys.readouterr().out
    assert "a pretraining would take 9 examples (9 without a label)" in said
    with pytest.raises(UserError, match="no column 'activity'; it has ax, ay"):
        bound(tmp_path, "activity")


def test_a_file_without_the_labels_column_has_no_labels(tmp_path):
    files(tmp_path)
    write(tmp_path / "more.csv", {"ax": noise(7)})
    dataset = bound(tmp_path)
    bare = [e.group for e in dataset.examples() if not e.splits]
    assert bare == ["more"] * 3
    assert "1 of 5 files have no column 'label', and so no labels (more.csv)" in dataset.remarks
