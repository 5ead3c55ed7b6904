"""Tables as people really have them: what is read, what is said, what is refused."""

import gzip
import tracemalloc

import numpy as np
import pandas
import pytest

from vmbench.cli import invoke
from vmbench.data.check import check_data
from vmbench.data.examples import prepare
from vmbench.data.specs import Vector
from vmbench.errors import UserError
from vmbench.registry import registry

COUNT = 60
A = np.round(np.random.default_rng(0).normal(0, 2, COUNT), 3)
B = np.round(np.random.default_rng(1).normal(5, 1, COUNT), 3)
KINDS = ["cat" if i % 2 else "dog" for i in range(COUNT)]
ROWS = [f"{a},{b},{kind}" for a, b, kind in zip(A, B, KINDS, strict=True)]


def bound(data_dir, target="label", name="table"):
    return registry("domain").get("tabular").dataset(name).bind(data_dir, target)


def written(path, header, rows, encoding="utf-8"):
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "\n".join([header, *rows]) + "\n"
    path.write_bytes(text.encode(encoding))
    return path


def columns(dataset):
    """Features (N, F), and the label's text of every row."""
    made = list(dataset.examples())
    (task,) = dataset.tasks
    labels = [e.labels[task.name] for e in made]
    texts = [task.classes[y] for y in labels] if task.classes else labels
    return np.stack([e.x for e in made]), texts


def sides(dataset):
    (task,) = dataset.tasks
    return [example.splits[task.name] for example in dataset.examples()]


def said(dataset):
    return "\n".join(dataset.remarks)


def is_read_right(dataset):
    x, labels = columns(dataset)
    np.testing.assert_array_equal(x, np.column_stack([A, B]).astype(np.float32))
    assert labels == KINDS


def refusal(path, target="label"):
    with pytest.raises(UserError) as caught:
        bound(path, target)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# How rows and columns are told apart.


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_delimiter_and_line_end_is_read(delimiter, end, tmp_path):
    path = tmp_path / "t.csv"
    text = end.join(["a,b,label", *ROWS, ""]).replace(",", delimiter)
    path.write_bytes(text.encode())
    is_read_right(bound(path))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_names_the_encoding(encoding, tmp_path):
    is_read_right(bound(written(tmp_path / "t.csv", "a,b,label", ROWS, encoding)))


@pytest.mark.parametrize("name", ["t.csv.gz", "t.csv.GZ", "T.CSV"])
def test_packed_files_and_capital_suffixes(name, tmp_path):
    plain = written(tmp_path / "t.txt", "a,b,label", ROWS).read_bytes()
    (tmp_path / name).write_bytes(gzip.compress(plain) if "gz" in name.lower() else plain)
    is_read_right(bound(tmp_path))


def test_a_delimiter_at_the_end_of_every_row_is_left_out_and_said(tmp_path):
    dataset = bound(written(tmp_path / "t.csv", "a,b,label", [f"{row}," for row in ROWS]))
    is_read_right(dataset)
    assert "t.csv: the delimiter at the end of every row is left out" in said(dataset)
    # In the header too it is a column without a name and without a value.
    dataset = bound(written(tmp_path / "t.csv", "a,b,label,", [f"{row}," for row in ROWS]))
    is_read_right(dataset)
    assert "left out, being without a value: column 4" in said(dataset)
    is_read_right(bound(written(tmp_path / "t.csv", "a,b,label,", ROWS)))


def test_row_names_that_the_header_lacks_are_left_out_and_said(tmp_path):
    numbered = [f'"{i}",{row}' for i, row in enumerate(ROWS, start=1)]
    dataset = bound(written(tmp_path / "t.csv", '"a","b","label"', numbered))
    is_read_right(dataset)
    assert "row name before every row, which the header lacks" in said(dataset)
    named = [f'"car {i * i}",{row}' for i, row in enumerate(ROWS)]
    is_read_right(bound(written(tmp_path / "t.csv", '"a","b","label"', named)))


@pytest.mark.parametrize(("rows", "line", "fields"), [
    ([f"Smith, J,{row}" if i == 10 else f"n,{row}" for i, row in enumerate(ROWS)], 12, 5),
    ([f"Smith, J,{row}" if i % 10 == 0 else f"n,{row}" for i, row in enumerate(ROWS)], 2, 5),
    ([f"n,{row}," if i == 3 else f"n,{row}" for i, row in enumerate(ROWS)], 5, 5),
    ([f"{i},{row}" if i == 4 else f"n,{row}" for i, row in enumerate([*ROWS[:4], "1"])], 6, 2),
])  # fmt: skip
def test_a_row_of_other_length_is_refused_with_its_line(rows, line, fields, tmp_path):
    told = refusal(written(tmp_path / "t.csv", "name,a,b,label", rows))
    assert f"{tmp_path / 't.csv'} cannot be read: line {line} has {fields} fields" in told


def test_a_comma_in_every_row_is_no_row_name(tmp_path):
    rows = [f"{a},'x, y',{kind}" for a, kind in zip(A, KINDS, strict=True)]
    assert "every line has 4 fields, the header 3" in refusal(
        written(tmp_path / "t.csv", "a,note,label", rows)
    )


@pytest.mark.parametrize(("cell", "message"), [
    ('"open', "line 11: unexpected end of data"),
    ('"shut"off', "line 11: ',' expected after '\"'"),
    ('"say \\"hi\\""', "line 11: ',' expected after '\"'"),
])  # fmt: skip
def test_broken_quotes_are_refused_with_their_line(cell, message, tmp_path):
    rows = [f"{a},{cell if i == 9 else 'n'},{kind}"
            for i, (a, kind) in enumerate(zip(A, KINDS, strict=True))]  # fmt: skip
    assert message in refusal(written(tmp_path / "t.csv", "a,note,label", rows))


def test_quoted_cells_may_hold_lines_delimiters_and_quotes(tmp_path):
    notes = ['two\nlines', "one, two", 'say "hi"']  # fmt: skip
    frame = pandas.DataFrame({"note": notes * 20, "a": A, "label": KINDS})
    frame.to_csv(tmp_path / "t.csv", index=False)
    dataset = bound(tmp_path)
    assert dataset.reader.categories == {"note": sorted(notes)}
    x, _ = columns(dataset)
    np.testing.assert_array_equal(x[:, 0], A.astype(np.float32))


@pytest.mark.parametrize(("text", "message"), [
    ("", "it is empty"),
    ("a,b,label\n", "has no rows"),
    ("label\n" + "cat\ndog\n" * 9, "no column besides 'label'"),
    ("a b label\n" + "1 2 cat\n3 4 dog\n" * 9, "between blanks: put commas"),
    ("Report of 2024\na,b,label\n" + "1,2,cat\n3,4,dog\n" * 9, "take out what stands above"),
    ("#a,b,label\n" + "1,2,cat\n3,4,dog\n" * 9, "line 1 begins with #"),
    ("1.5,2,cat\n" + "1,2,cat\n3,4,dog\n" * 9, "holds the number 1.5: a header is needed"),
    ("a,b,label\n" + "1,2,cat\n3,4,dog\n" * 9 + "# end\n", "line 20 has 1 fields.*remark"),
    ("label,a,label\n" + "cat,2,cat\ndog,4,dog\n" * 9, "two columns called 'label'"),
    ("a,b,label\n" + "1,2,\n3,4,\n" * 9, "has 0 different values"),
    ("a,b,label\n" + "1,2,cat\n3,4,cat\n" * 9, "has 1 different values"),
])  # fmt: skip
def test_what_is_no_table_of_examples_is_one_line(text, message, tmp_path):
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(UserError, match=message):
        bound(tmp_path)


@pytest.mark.parametrize(("content", "message"), [
    ("a,label\n1,käse\n2,brot\n".encode("latin-1"), "line 2 is no UTF-8 .byte 0xe4.: save"),
    ("a,label\n1,cat\n".encode("utf-16-le"), "zero bytes.*save it as UTF-8"),
    (b"PK\x03\x04 and so on", "whatever its name says, it is a zip archive or a spreadsheet"),
    (b"version https://git-lfs.github.com/spec/v1\noid sha256:a\n", "a pointer of Git LFS"),
    (b"<!DOCTYPE html>\n<html>\n", "it is a web page"),
])  # fmt: skip
def test_another_encoding_is_refused_with_the_mend(content, message, tmp_path):
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(UserError, match=message):
        bound(tmp_path)


def test_lines_above_and_headers_between_are_left_out_and_said(tmp_path):
    rows = [*ROWS[:20], "a,b,label", *ROWS[20:40], "", "a,b,label", *ROWS[40:]]
    dataset = bound(written(tmp_path / "t.csv", "# made by a logger\n#\na,b,label", rows))
    is_read_right(dataset)
    assert "stands above the header, line 3, is left out" in said(dataset)
    assert "the header stands in 2 rows more" in said(dataset)
    is_read_right(bound(written(tmp_path / "t.csv", "sep=,\na,b,label", ROWS)))


def test_names_with_blanks_and_doubled_names_are_read_and_said(tmp_path):
    rows = [row.replace(",", ", ") for row in ROWS]
    dataset = bound(written(tmp_path / "t.csv", "a, b, the label ", rows), " the label")
    is_read_right(dataset)
    assert "without the blanks around: b, the label" in said(dataset)
    dataset = bound(written(tmp_path / "t.csv", "\u200ba,b,label\ufeff", ROWS))
    is_read_right(dataset)
    assert "without the blanks around: a, label" in said(dataset)
    dataset = bound(written(tmp_path / "t.csv", "x,x,label", ROWS))
    is_read_right(dataset)
    assert dataset.reader.columns == ["x", "x.1"]
    assert "two columns are called 'x': the later is 'x.1'" in said(dataset)


# What a column holds is decided over all of it.


def test_ids_and_labels_are_texts_over_all_chunks(tmp_path, monkeypatch):
    monkeypatch.setattr("vmbench_domains.own.tables.AT_ONCE", 7)
    subjects = [*(f"{i % 12 + 1:03d}" for i in range(COUNT - 1)), "A1"]
    zips = [*(["01234", "00501", "10001"] * 20)[:-1], "unknown"]
    frame = pandas.DataFrame({"subject": subjects, "a": A, "label": zips})
    frame.to_csv(tmp_path / "t.csv", index=False)
    dataset = bound(tmp_path)
    assert set(dataset.tasks[0].classes) == {"01234", "00501", "10001", "unknown"}
    assert "of 13 subjects" in dataset.tasks[0].split_rule
    of = {}
    for example, subject in zip(dataset.examples(), subjects, strict=True):
        assert example.group == subject
        of.setdefault(subject, set()).add(example.splits["label"])
    assert all(len(found) == 1 for found in of.values())


def test_one_person_is_one_subject_and_one_class_one_class_in_all_files(tmp_path):
    for name, people, kinds in (
        ("a", ["01", "02", "03", "04", "05", "06"], ["0.0", "1.0"]),
        ("b", ["01", "02", "03", "S4", "S5", "S6"], ["0", "1", "unknown"]),
    ):
        rows = [f"{people[i % 6]},{A[i]},{kinds[i % len(kinds)]}" for i in range(COUNT)]
        written(tmp_path / f"{name}.csv", "subject,a,label", rows)
    dataset = bound(tmp_path)
    assert dataset.tasks[0].classes == ("0", "1", "unknown")
    assert "of 9 subjects" in dataset.tasks[0].split_rule
    assert "labels written in more than one way, read as one: 0, 1" in said(dataset)


def test_subject_and_split_are_known_in_capitals_too(tmp_path):
    rows = [f"{i // 4},{row}" for i, row in enumerate(ROWS)]
    dataset = bound(written(tmp_path / "t.csv", "Subject,a,b,label", rows))
    is_read_right(dataset)
    assert "of 15 subjects" in dataset.tasks[0].split_rule


def test_a_subject_called_as_nobody_is_said(tmp_path):
    rows = [f"{('NA', 's1', 's2', 's3')[i % 4]},{row}" for i, row in enumerate(ROWS)]
    assert "subjects called NA are taken for one person" in said(
        bound(written(tmp_path / "t.csv", "subject,a,b,label", rows))
    )


@pytest.mark.parametrize("names", [("None", "aspirin", "NA"), ("nan", "null", "n/a")])
def test_a_class_may_be_called_as_missing_values_are(names, tmp_path):
    rows = [f"{a},{names[i % 3]}" for i, a in enumerate(A)]
    dataset = bound(written(tmp_path / "t.csv", "a,label", rows))
    assert set(dataset.tasks[0].classes) == set(names)
    assert len(columns(dataset)[1]) == COUNT
    assert f"taken for a class: '{names[0]}' (20)" in said(dataset)


def test_among_labels_of_numbers_a_marker_is_no_label_unless_classes_are_asked_for(tmp_path):
    path = written(tmp_path / "t.csv", "a,label", [f"{a},{'01?'[i % 3]}" for i, a in enumerate(A)])
    dataset = bound(path)
    assert dataset.tasks[0].classes == ("0", "1")
    assert "a number is missing: '?' (20)" in said(dataset)
    assert [row for row, e in enumerate(dataset.examples()) if not e.splits] == [*range(2, 60, 3)]
    assert bound(path, "label:multiclass").tasks[0].classes == ("0", "1", "?")


@pytest.mark.parametrize("marker", ["", "?", "NA", "NaN", "null", "None", "n/a", "-", "."])
@pytest.mark.parametrize("every", [6, COUNT])
def test_missing_numbers_are_the_training_mean_counted_and_said(marker, every, tmp_path):
    gaps = np.arange(COUNT) % every == 3
    rows = [f"{marker if gap else a},{b},{kind}"
            for gap, a, b, kind in zip(gaps, A, B, KINDS, strict=True)]  # fmt: skip
    dataset = bound(written(tmp_path / "t.csv", "a,b,label", rows))
    x, _ = columns(dataset)
    train = np.array(sides(dataset)) == "train"
    np.testing.assert_allclose(x[gaps, 0], A[train & ~gaps].mean(), rtol=1e-5)
    np.testing.assert_array_equal(x[~gaps, 0], A[~gaps].astype(np.float32))
    assert f"missing values (a {gaps.mean():.1%})" in said(dataset)
    assert not marker or f"read as missing: a ('{marker}' {gaps.sum()})" in said(dataset)


@pytest.mark.parametrize("value", ["inf", "-Infinity", "1e400", "1e39"])
def test_infinite_values_are_missing_and_said(value, tmp_path):
    rows = [f"{value if i % 6 == 0 else 1000 + a},{kind}"
            for i, (a, kind) in enumerate(zip(A, KINDS, strict=True))]  # fmt: skip
    dataset = bound(written(tmp_path / "t.csv", "a,label", rows))
    x, _ = columns(dataset)
    assert x.min() > 900
    assert "infinite, or too large for a 32-bit float, so missing: a 10" in said(dataset)


@pytest.mark.parametrize(("delimiter", "quote"), [(";", ""), ("\t", ""), (",", '"')])
def test_decimal_commas_are_read_and_said(delimiter, quote, tmp_path):
    rows = [delimiter.join([f"{quote}{a}{quote}".replace(".", ","),
                            f"{quote}{b}{quote}".replace(".", ","), kind])
            for a, b, kind in zip(A, B, KINDS, strict=True)]  # fmt: skip
    dataset = bound(written(tmp_path / "t.csv", delimiter.join(["a", "b", "label"]), rows))
    is_read_right(dataset)
    assert "commas are read as decimal points: a, b" in said(dataset)


def test_whether_1_234_has_a_decimal_comma_is_told_from_the_table_or_not_at_all(tmp_path):
    rows = [f"1,{234 + i};{b};{kind}".replace(".", ",")
            for i, (b, kind) in enumerate(zip(B, KINDS, strict=True))]  # fmt: skip
    x, _ = columns(bound(written(tmp_path / "t.csv", "a;b;label", rows)))
    np.testing.assert_allclose(x[:, 0], 1.234 + np.arange(COUNT) / 1000, rtol=1e-6)
    rows = [row.partition(";")[0] + ";" + row.rpartition(";")[2] for row in rows]
    assert "line 2: '1,234' in column 'a'" in refusal(written(tmp_path / "t.csv", "a;label", rows))
    mixed = [f"{str(a).replace('.', ',') if i % 2 else a};{kind}"
             for i, (a, kind) in enumerate(zip(A, KINDS, strict=True))]  # fmt: skip
    assert "line 3: " in refusal(written(tmp_path / "t.csv", "a;label", mixed))


def test_a_regression_with_decimal_commas(tmp_path):
    rows = [f"{b};{a}".replace(".", ",") for a, b in zip(A, B, strict=True)]
    _, targets = columns(bound(written(tmp_path / "t.csv", "b;label", rows)))
    np.testing.assert_array_equal(targets, A)


@pytest.mark.parametrize("cell", [
    '"{0},000"', "\u2212{0}", "{0}%", "${0}", "€ {0}", "0x{0}f", "{0}_{0}", "{0} 000", "<{0}",
    '"1.{0}00,5"', "{0} kg", "{0}.5ms", "({0}.5)",
])  # fmt: skip
def test_numbers_written_in_other_ways_are_refused_with_line_and_column(cell, tmp_path):
    for every in (1, 7):  # all of them, or some among plain ones
        rows = [f"{cell.format(100 + i * 7) if i % every == 0 else a},{kind}"
                for i, (a, kind) in enumerate(zip(A, KINDS, strict=True))]  # fmt: skip
        told = refusal(written(tmp_path / "t.csv", "a,label", rows))
        assert f"{tmp_path / 't.csv'}, line 2: '{cell.format(100).strip(chr(34))}'" in told
        assert "column 'a' does not read as a number" in told
        assert 'text = ["a"]' in told


@pytest.mark.parametrize("cell", ["#DIV/0!", "12 kg", "tall", "2024-01-01"])
def test_a_text_among_numbers_is_refused_with_line_and_column(cell, tmp_path):
    rows = [f"{cell if i == 30 else a},{kind}"
            for i, (a, kind) in enumerate(zip(A, KINDS, strict=True))]  # fmt: skip
    told = refusal(written(tmp_path / "t.csv", "a,label", rows))
    assert f"line 32: '{cell}' in column 'a'" in told
    swapped = [",".join(reversed(row.split(","))) for row in rows]
    assert "line 32: " in refusal(written(tmp_path / "t.csv", "label,a", swapped), "a")


def test_few_codes_with_a_text_among_them_are_categories_and_said(tmp_path):
    rows = [f"{'123X'[i % 4]},{a},{kind}"
            for i, (a, kind) in enumerate(zip(A, KINDS, strict=True))]  # fmt: skip
    dataset = bound(written(tmp_path / "t.csv", "grade,a,label", rows))
    assert dataset.reader.categories == {"grade": ["1", "2", "3", "X"]}
    assert "column 'grade' is read as 4 categories" in said(dataset)
    assert "'X' (line 5 of t.csv)" in said(dataset)
    rows = [f"{('red', 'Red', 'blue')[i % 3]},{row}" for i, row in enumerate(ROWS)]
    dataset = bound(written(tmp_path / "t.csv", "colour,a,b,label", rows))
    assert dataset.reader.categories == {"colour": ["Red", "blue", "red"]}
    assert "column colour: 'Red' and 'red' look alike and are kept apart" in said(dataset)


def test_codes_with_leading_zeros_are_said_and_can_be_texts(tmp_path):
    rows = [f"{('01234', '00501', '10001')[i % 3]},{a},{kind}"
            for i, (a, kind) in enumerate(zip(A, KINDS, strict=True))]  # fmt: skip
    written(tmp_path / "t.csv", "zip,a,label", rows)
    dataset = bound(tmp_path)
    assert dataset.spec == Vector(2)
    assert "they begin with zeros: zip ('01234')" in said(dataset)
    (tmp_path / "vmbench.toml").write_text('text = ["zip"]\n')
    as_texts = bound(tmp_path)
    assert as_texts.reader.categories == {"zip": ["00501", "01234", "10001"]}
    assert as_texts.revision != dataset.revision
    (tmp_path / "vmbench.toml").write_text('text = ["zipp"]\n')
    assert "did you mean 'zip'" in refusal(tmp_path)


def test_true_and_false_are_numbers_as_features_and_classes_as_labels(tmp_path):
    rows = [f"{a},{['True', 'false', ''][i % 3]},{['TRUE', 'False', 'true'][i % 3]}"
            for i, a in enumerate(A)]  # fmt: skip
    dataset = bound(written(tmp_path / "t.csv", "a,flag,label", rows))
    x, labels = columns(dataset)
    assert x[:2, 1].tolist() == [1, 0]
    assert 0 < x[2, 1] < 1
    assert labels[:3] == ["True", "False", "True"]
    assert "labels read as one: False, TRUE, true" in said(dataset)


def test_labels_alike_are_one_where_only_blanks_or_accents_are_coded_otherwise(tmp_path):
    names = ["caf\u00e9", "cafe\u0301", "caf\u00e9 ", "Caf\u00e9"]
    rows = [f"{a},{names[i % 4]}" for i, a in enumerate(A)]
    dataset = bound(written(tmp_path / "t.csv", "a,label", rows))
    assert dataset.tasks[0].classes == ("Caf\u00e9", "caf\u00e9")
    assert "'Caf\u00e9' and 'caf\u00e9' look alike and are kept apart" in said(dataset)


def test_a_large_table_is_not_held(tmp_path, monkeypatch):
    monkeypatch.setattr("vmbench_domains.own.tables.AT_ONCE", 200)
    monkeypatch.setattr("vmbench_domains.own.delimited.HEAD", 10_000)
    draw = np.random.default_rng(0)
    peaks = []
    for count in (1000, 9000):
        frame = pandas.DataFrame(draw.normal(size=(count, 30)).round(6))
        frame["label"] = ["cat", "dog"] * (count // 2)
        frame.to_csv(tmp_path / f"{count}.csv", index=False)
        tracemalloc.start()
        dataset = bound(tmp_path / f"{count}.csv")
        assert sum(1 for _ in dataset.examples()) == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # 30 numbers are 240 bytes a row, their texts 1,700; labels, sides and their order stay.
    assert (peaks[1] - peaks[0]) / 8000 < 150, peaks


# What is left out, and what leaks.


@pytest.mark.parametrize("numbers", [
    list(range(COUNT)), list(range(COUNT, 0, -1)), list(range(100, 100 + COUNT)),
    np.random.default_rng(0).permutation(COUNT).tolist(),
])  # fmt: skip
@pytest.mark.parametrize("name", ["", "id", "x"])
def test_a_column_that_counts_the_rows_is_left_out_and_said(numbers, name, tmp_path):
    rows = [f"{n},{row}" for n, row in zip(numbers, ROWS, strict=True)]
    dataset = bound(written(tmp_path / "t.csv", f"{name},a,b,label", rows))
    is_read_right(dataset)
    assert f"as it only counts the rows: {name or 'column 1'}" in said(dataset)


def test_numbers_that_rise_from_row_to_row_are_kept_and_said(tmp_path):
    for numbers in (np.arange(COUNT) * 3 + 5, np.arange(COUNT) / 2):
        rows = [f"{n},{row}" for n, row in zip(numbers, ROWS, strict=True)]
        for name in "cd":
            written(tmp_path / f"{name}.csv", "t,a,b,label", rows)
        dataset = bound(tmp_path)
        assert dataset.reader.columns == ["t", "a", "b"]
        assert "LEAK? t rises from row to row" in said(dataset)
        written(tmp_path / "d.csv", "t,a,b,label", [*rows[1:], rows[0]])
        assert "rises" not in said(bound(tmp_path))


def test_whole_numbers_that_count_nothing_are_kept(tmp_path):
    numbers = list(range(COUNT))
    numbers[7], numbers[20] = 8, 19  # the same least and greatest, the same number and sum
    rows = [f"{n},{row}" for n, row in zip(numbers, ROWS, strict=True)]
    dataset = bound(written(tmp_path / "t.csv", "age,a,b,label", rows))
    assert dataset.reader.columns == ["age", "a", "b"]


def test_counters_are_known_in_each_file_and_over_all(tmp_path):
    for starts in ((0, 0), (0, COUNT)):
        for name, start in zip("ab", starts, strict=True):
            rows = [f"{start + i},{row}" for i, row in enumerate(ROWS)]
            written(tmp_path / f"{name}.csv", "id,a,b,label", rows)
        assert bound(tmp_path).reader.columns == ["a", "b"]


@pytest.mark.parametrize("times", [
    [f"2024-01-{i % 28 + 1:02d}" for i in range(COUNT)],
    [f"2024-01-01T{i % 24:02d}:00:00.5Z" for i in range(COUNT)],
    [f"{i % 28 + 1}.1.2024" for i in range(COUNT)],
    [f"1/{i % 28 + 1}/24 {i % 24}:30" for i in range(COUNT)],
    [f"{i % 24}:{i % 60:02d}" for i in range(COUNT)],
    [f"{i % 28 + 1} Jan 2024" for i in range(COUNT)],
    [f"{i % 28 + 1:02d}-may-24" for i in range(COUNT)],
    [f'"Mon, September {i % 28 + 1}, 2024 {i % 12 + 1}:30 PM"' for i in range(COUNT)],
    [f"{i % 28 + 1:02d}JAN2024:00:00:{i % 60:02d}" for i in range(COUNT)],
    [f"Fri Jan {i % 28 + 1:2d} 10:00:00 CET 2024" for i in range(COUNT)],
])  # fmt: skip
def test_dates_and_times_are_left_out_and_said(times, tmp_path):
    rows = [f"{time},{row}" for time, row in zip(times, ROWS, strict=True)]
    dataset = bound(written(tmp_path / "t.csv", "when,a,b,label", rows))
    is_read_right(dataset)
    assert "left out, being dates or times: when; make numbers" in said(dataset)


@pytest.mark.parametrize("name", ["may 12", "March", "dec-iduous", "second 2", "2024 model"])
def test_names_with_a_month_in_them_are_no_dates(name, tmp_path):
    rows = [f"{name if i % 2 else 'other'},{row}" for i, row in enumerate(ROWS)]
    dataset = bound(written(tmp_path / "t.csv", "kind,a,b,label", rows))
    assert dataset.reader.categories == {"kind": sorted([name, "other"])}


def test_days_written_as_one_number_are_said(tmp_path):
    rows = [f"202402{i % 28 + 1:02d},202413{i % 28 + 1:02d},{row}" for i, row in enumerate(ROWS)]
    dataset = bound(written(tmp_path / "t.csv", "day,code,a,b,label", rows))
    (remark,) = (r for r in dataset.remarks if "look like dates" in r)
    assert remark.startswith("used as numbers, though they look like dates (20240131): day;")


@pytest.mark.parametrize(("code", "others"), [
    ("-999", A), ("-999.0", B), ("9999", 100 * B), ("-1", 100 + B), ("9", np.arange(COUNT) % 2),
    ("-999.25", A), ("1e20", B), ("9.96921e+36", B), ("-32768", 100 * B), ("99999", 50 * A),
])  # fmt: skip
def test_codes_of_missing_values_far_from_all_others_are_said(code, others, tmp_path):
    rows = [f"{code if i % 9 == 4 else others[i]},{row}" for i, row in enumerate(ROWS)]
    path = written(tmp_path / "t.csv", "x,a,b,label", rows)
    (remark,) = (r for r in bound(path).remarks if "codes of a missing value" in r)
    assert f": x {float(code):.6g} (7 times); empty those cells" in remark
    # The same of a target of numbers, of Parquet, and of numbers with decimal commas.
    frame = pandas.read_csv(path)
    frame.astype({"x": np.float32}).to_parquet(tmp_path / "t.parquet")
    assert remark in bound(tmp_path / "t.parquet").remarks
    assert remark in bound(path, "x:regression").remarks
    frame[["x", "a", "b", "label"]].to_csv(tmp_path / "c.csv", sep=";", decimal=",", index=False)
    assert remark in bound(tmp_path / "c.csv").remarks


@pytest.mark.parametrize("numbers", [
    np.arange(COUNT) * 37 % COUNT,  # 9 among its like
    [-1, 0, 1] * (COUNT // 3),
    [1, 5, 9] * (COUNT // 3),
    [99, 100] * (COUNT // 2),
    [-1, 1] * (COUNT // 2),
    [*range(0, 99 * 59, 99), 9999],
    [7] * (COUNT - 1) + [99],
])  # fmt: skip
def test_numbers_among_their_like_are_no_codes(numbers, tmp_path):
    rows = [f"{x},{row}" for x, row in zip(numbers, ROWS, strict=True)]
    assert "codes" not in said(bound(written(tmp_path / "t.csv", "x,a,b,label", rows)))


def test_a_kind_is_offered_where_the_target_could_be_of_it(tmp_path):
    path = written(tmp_path / "t.csv", "a,b,label", ROWS)
    assert bound(path).remarks[-1] == "--target label is read as 2 classes"
    assert bound(path, "a").remarks[-1].endswith(": a:multiclass would change that")
    coded = [row.replace("cat", "1").replace("dog", "2") for row in ROWS]
    coded = bound(written(tmp_path / "u.csv", "a,b,label", coded))
    assert coded.remarks[-1].endswith("2 classes: label:regression would change that")


def test_a_column_that_says_the_label_is_said(tmp_path):
    codes = [f"{i % 2},{'pq'[i % 2]},{'uvwx'[i % 4]},{row}" for i, row in enumerate(ROWS)]
    dataset = bound(written(tmp_path / "t.csv", "code,letter,finer,a,b,label", codes))
    assert "LEAK: code, letter says the same as the label 'label'" in said(dataset)
    assert "LEAK? every value of finer goes with one label alone" in said(dataset)
    codes[5] = "0," + codes[5].partition(",")[2]
    dataset = bound(written(tmp_path / "t.csv", "code,letter,finer,a,b,label", codes))
    assert "LEAK: letter says the same" in said(dataset)
    prices = [f"{a},{b},{a}" for a, b in zip(A, B, strict=True)]
    dataset = bound(written(tmp_path / "t.csv", "copy,b,price", prices), "price")
    assert "LEAK: copy says the same as the label 'price'" in said(dataset)


def test_wide_categories_names_constants_and_coarse_numbers_are_said(tmp_path):
    rows = [f"v{i % 30},u{i},7,{1_700_000_000 + 3 * i},{row}" for i, row in enumerate(ROWS)]
    dataset = bound(written(tmp_path / "t.csv", "wide,name,same,epoch,a,b,label", rows))
    assert "categories of many values, each a column: wide (30)" in said(dataset)
    assert "left out, being another text in every row: name" in said(dataset)
    assert "the same in every row: same" in said(dataset)
    assert "32-bit floats round them: epoch" in said(dataset)


def test_texts_that_are_numbers_by_the_files_word_are_said(tmp_path):
    digits = [str(100 + i % 30) for i in range(COUNT)]
    parquet(tmp_path / "t.parquet", code=digits)
    dataset = bound(tmp_path)
    assert len(dataset.reader.categories["code"]) == 30
    assert "column 'code' is of texts" in said(dataset)


# Several files.


def halves(root, first, second):
    written(root / first, "a,b,label", ROWS[:40])
    written(root / second, "a,b,label", ROWS[40:])


@pytest.mark.parametrize(("train", "test"), [
    ("train/x.csv", "test/y.csv"), ("train.csv", "test.csv"), ("Training/x.csv", "TEST/y.csv"),
    ("data/train-00000-of-00001.csv", "data/test-00000-of-00001.csv"),
    ("adult_train.csv", "adult_test.csv"), ("b/train/test_1.csv", "b/test/train_1.csv"),
    ("trainData.csv", "testData.csv"), ("x.train.csv", "x.test.csv"),
    ("split=train/0.csv", "split=test/0.csv"), ("trainset/a.csv", "test_set/a.csv"),
])  # fmt: skip
def test_ones_own_train_and_test_are_taken_as_they_are(train, test, tmp_path):
    halves(tmp_path, train, test)
    dataset = bound(tmp_path)
    x, _ = columns(dataset)
    found = np.array(sides(dataset))
    np.testing.assert_array_equal(np.sort(x[found == "test", 0]), np.sort(A[40:]).astype("f4"))
    assert (found == "val").sum() == 4
    assert dataset.tasks[0].split_rule.startswith("test as the data says")


def test_ones_own_val_is_val_in_folders_too(tmp_path):
    halves(tmp_path, "train/a.csv", "dev/a.csv")
    written(tmp_path / "test/a.csv", "a,b,label", ["1,2,cat", "3,4,dog"])
    dataset = bound(tmp_path)
    assert [sides(dataset).count(side) for side in ("train", "val", "test")] == [40, 20, 2]
    assert dataset.tasks[0].split_rule == "as the data says"


def test_a_split_that_only_some_files_name_or_that_is_contradicted_is_refused(tmp_path):
    halves(tmp_path, "train/a.csv", "b.csv")
    assert "the name of train/a.csv says train, val or test, that of b.csv does not" in refusal(
        tmp_path
    )
    for name, told in (("train", "test"), ("test", "test")):
        rows = [f"{told},{row}" for row in ROWS]
        written(tmp_path / f"c/{name}.csv", "split,a,b,label", rows)
    assert "the column 'split' says test where the file is one of train" in refusal(tmp_path / "c")
    halves(tmp_path / "e", "train_val.csv", "test.csv")
    assert "train_val.csv: its name says train and val: which is it?" in refusal(tmp_path / "e")
    halves(tmp_path / "d", "train/a.csv", "val/a.csv")
    assert "the split names no test" in refusal(tmp_path / "d")


def test_one_file_or_one_word_for_all_names_no_split(tmp_path):
    written(tmp_path / "train/a.csv", "a,b,label", ROWS)
    is_read_right(bound(tmp_path))
    halves(tmp_path / "more", "blood_test_1.csv", "blood_test_2.csv")
    assert "20% of each class" in bound(tmp_path / "more").tasks[0].split_rule


def test_hidden_files_are_no_data_and_linked_folders_are(tmp_path):
    root = tmp_path / "root"
    halves(root, "one.csv", "../elsewhere/two.csv")
    (root / "linked").symlink_to(tmp_path / "elsewhere")
    (root / "linked/round").symlink_to(root)
    for junk in (".ipynb_checkpoints/one.csv", "__MACOSX/one.csv", "._one.csv", ".x/y/one.csv"):
        written(root / junk, "a,b,label", ROWS)
    dataset = bound(root)
    assert len(sides(dataset)) == COUNT
    (root / "gone.csv").symlink_to(tmp_path / "nowhere.csv")
    assert "gone.csv is a link to a file that is not there" in refusal(root)


def test_files_of_other_columns_and_copies_are_told(tmp_path):
    written(tmp_path / "a.csv", "a,b,label", ROWS)
    swapped = [",".join(reversed(row.split(","))) for row in ROWS]
    written(tmp_path / "b.csv", "label,b,a", swapped)
    dataset = bound(tmp_path)
    x, labels = columns(dataset)
    np.testing.assert_array_equal(x[:COUNT], x[COUNT:])
    assert labels == KINDS * 2
    assert "LEAK: b.csv has the same rows as a.csv" in said(dataset)
    written(tmp_path / "c.csv", "c,b,label", ROWS)
    assert "c.csv and a.csv have different columns: the former lacks a, has c" in refusal(tmp_path)
    written(tmp_path / "c.csv", "a,b", [row.rpartition(",")[0] for row in ROWS])
    assert "c.csv has no column 'label'; it has a, b: label its rows" in refusal(tmp_path)


def test_a_folder_of_other_files_names_them_and_a_file_without_rows_is_said(tmp_path):
    (tmp_path / "book.xlsx").write_bytes(b"PK")
    assert "or .csv.gz) but .xlsx: see" in refusal(tmp_path)
    written(tmp_path / "a.csv", "a,b,label", ROWS)
    written(tmp_path / "b.csv", "a,b,label", [])
    dataset = bound(tmp_path)
    is_read_right(dataset)
    assert "without a row: b.csv" in said(dataset)


# Parquet and ARFF.


def parquet(path, **more):
    pandas.DataFrame({"a": A, "b": B, **more, "label": KINDS}).to_parquet(path)
    return path


def test_parquet_columns_of_every_plain_type(tmp_path):
    import decimal

    import pyarrow
    from pyarrow import parquet as files

    table = pyarrow.table({
        "whole": pyarrow.array([None if i % 5 == 0 else i * i for i in range(COUNT)]),
        "flag": pyarrow.array([None if i % 5 == 0 else i % 2 == 0 for i in range(COUNT)]),
        "half": pyarrow.array(B.astype(np.float16)),
        "money": pyarrow.array([decimal.Decimal(f"{i}.25") for i in range(COUNT)]),
        "dictionary": pyarrow.array(["x", "y", "z"] * 20).dictionary_encode(),
        "codes": pyarrow.array([3, 5, 7] * 20).dictionary_encode(),
        "nothing": pyarrow.nulls(COUNT),
        "text": pyarrow.array([None if i == 7 else "pq"[i % 2] for i in range(COUNT)]),
        "when": pyarrow.array(pandas.date_range("2024", periods=COUNT, freq="h")),
        "a.b": pyarrow.array(A),
        "label": pyarrow.array(KINDS).dictionary_encode(),
    })  # fmt: skip
    files.write_table(table, tmp_path / "t.parquet")
    dataset = bound(tmp_path)
    assert dataset.reader.numeric == ["whole", "flag", "half", "money", "codes", "a.b"]
    assert dataset.reader.categories == {"dictionary": ["x", "y", "z"], "text": ["p", "q"]}
    x, labels = columns(dataset)
    assert labels == KINDS
    assert x[7].tolist() == pytest.approx([49, 0, B.astype("f2")[7], 7.25, 5, A[7], 0, 1, 0, 0, 0])
    for part in ("whole 20.0%", "flag 20.0%", "text 1.7%", "times: when", "value: nothing"):
        assert part in said(dataset)


def test_parquet_with_integer_names_an_index_and_nullable_labels(tmp_path):
    path = tmp_path / "t.parquet"
    frame = pandas.DataFrame({0: A, 1: B, 2: KINDS})
    frame.to_parquet(path)
    is_read_right(bound(path, "2"))
    pandas.DataFrame({"b": B, "label": KINDS, "a": A}).set_index("a").to_parquet(path)
    assert bound(path).reader.columns == ["b", "a"]
    pandas.DataFrame({"a": A, "b": B, "label": KINDS}, index=B).to_parquet(path)
    dataset = bound(path)
    is_read_right(dataset)
    assert "the row names that pandas stored are left out" in said(dataset)
    for kind, classes in (("Int64", ("0", "1", "2")), ("string", ("0", "1", "2"))):
        labels = [None if i == 7 else (i % 3 if kind == "Int64" else str(i % 3))
                  for i in range(COUNT)]  # fmt: skip
        pandas.DataFrame({"a": A, "label": pandas.array(labels, dtype=kind)}).to_parquet(path)
        dataset = bound(path)
        assert dataset.tasks[0].classes == classes
        assert [row for row, e in enumerate(dataset.examples()) if not e.splits] == [7]


@pytest.mark.parametrize(("cells", "kind"), [
    ([[1.0, 2.0]] * COUNT, "list<"), ([{"k": 1}] * COUNT, "struct<"), ([b"\xff"] * COUNT, "binary"),
])  # fmt: skip
def test_parquet_cells_that_are_no_number_or_text_are_refused_by_name(cells, kind, tmp_path):
    parquet(tmp_path / "t.parquet", emb=cells)
    assert f"column 'emb' holds {kind}" in refusal(tmp_path)
    assert "is no label" in refusal(tmp_path, "emb")
    (tmp_path / "vmbench.toml").write_text('drop = ["emb"]\n')
    is_read_right(bound(tmp_path))


def test_a_column_that_is_of_numbers_in_one_file_and_texts_in_another_is_of_texts(tmp_path):
    parquet(tmp_path / "1.parquet", code=[1, 2, 3] * 20)
    parquet(tmp_path / "2.parquet", code=["1", "2", "x"] * 20)
    dataset = bound(tmp_path)
    assert dataset.reader.categories == {"code": ["1", "2", "3", "x"]}
    x, _ = columns(dataset)
    np.testing.assert_array_equal(x[0, 2:], [1, 0, 0, 0])
    np.testing.assert_array_equal(x[COUNT + 2, 2:], [0, 0, 0, 1])


HEAD = (
    "@relation r\n@attribute a numeric\n@attribute 'b c' {x,y}\n@attribute class {no,yes}\n@data\n"
)


@pytest.mark.parametrize("line", ["{a},{b},{c}", "{a}\t{b}\t{c}", "{a}, {b}, {c} % remark",
                                  "{a},'{b}',\"{c}\""])  # fmt: skip
def test_arff_separators_comments_and_quotes(line, tmp_path):
    rows = [line.format(a=a, b="x" if i % 3 else "?", c=("no", "yes")[i % 2])
            for i, a in enumerate(A)]  # fmt: skip
    rows = [row.replace("'?'", "?") for row in rows]
    (tmp_path / "t.arff").write_text(HEAD + "\n".join(rows) + "\n")
    dataset = bound(tmp_path, "class")
    assert dataset.tasks[0].classes == ("no", "yes")
    x, _ = columns(dataset)
    np.testing.assert_array_equal(x[:, 0], A.astype(np.float32))
    np.testing.assert_array_equal(x[:, 1], np.arange(COUNT) % 3 > 0)


def test_arff_dates_are_left_out_and_latin_1_is_refused(tmp_path):
    head = HEAD.replace("'b c' {x,y}", "t date 'yyyy-MM-dd'")
    rows = [f"{a},2024-01-{i % 28 + 1:02d},{('no', 'yes')[i % 2]}" for i, a in enumerate(A)]
    path = tmp_path / "t.arff"
    path.write_text(head + "\n".join(rows))
    dataset = bound(path, "class")
    assert dataset.spec == Vector(1)
    assert "times: t" in said(dataset)
    path.write_bytes((HEAD + "1,x,no % häm\n").encode("latin-1"))
    assert "line 6 is no UTF-8" in refusal(path, "class")


def test_the_last_attribute_of_arff_is_the_label_and_a_broken_row_is_named(capsys, tmp_path):
    path = tmp_path / "t.arff"
    rows = [f"{a},{'xy'[i % 2]},{('no', 'yes')[i % 2]}" for i, a in enumerate(A)]
    path.write_text(HEAD + "\n".join(rows))
    dataset = bound(path, None)
    assert dataset.tasks[0].name == "class"
    assert "the label is the last attribute, 'class' (--target names another)" in said(dataset)
    assert bound(path, "b c").tasks[0].name == "b c"
    for broken, message in (("3,4,x,no", "line 26 has 4 values"), ("3,z,no", "line 26: 'z' is")):
        path.write_text(HEAD + "\n".join([*rows[:20], broken, *rows[20:]]))
        assert invoke(["data", "check", str(path), "--domain", "tabular"]) == 2
        assert message in capsys.readouterr().err


# Through the command line.


def test_a_fault_in_a_table_is_not_told_as_openmls(capsys, tmp_path):
    path = written(tmp_path / "t.csv", "a,b,label", [*ROWS, "1,2"])
    code = invoke(["data", "check", str(path), "--domain", "tabular", "--target", "label"])
    told = capsys.readouterr().err
    assert code == 2
    assert "line 62 has 2 fields, the header 3" in told
    assert "OpenML" not in told
    assert len(told.splitlines()) == 1


def test_a_run_says_what_was_left_out_and_refuses_what_it_cannot_read(capsys, tmp_path):
    path = written(tmp_path / "t.csv", "id,a,b,label", [f"{i},{r}" for i, r in enumerate(ROWS)])
    arguments = [
        "run", "--domain", "tabular", "--pretrain", "table", "--target", "label", "--method",
        "raw-features", "--preset", "smoke", "--out", str(tmp_path / "runs"), "--data-dir",
    ]  # fmt: skip
    assert invoke([*arguments, str(path)]) == 0
    assert "as it only counts the rows: id" in capsys.readouterr().err
    written(tmp_path / "u.csv", "a,b,label", [*ROWS[:30], "tall,1,cat", *ROWS[31:]])
    assert invoke([*arguments, str(tmp_path / "u.csv")]) == 2
    assert "u.csv, line 32: 'tall' in column 'a'" in capsys.readouterr().err


def test_a_file_that_changes_between_the_passes_is_told(tmp_path):
    path = written(tmp_path / "t.csv", "a,b,label", ROWS)
    for rows in (ROWS[:50], [*ROWS, ROWS[0]]):
        dataset = bound(written(path, "a,b,label", ROWS))
        written(path, "a,b,label", rows)
        with pytest.raises(UserError, match="changed while it was read"):
            list(dataset.examples())


# Rows without a label.


def test_rows_without_a_label_are_pretrained_on_but_of_held_out_subjects(tmp_path):
    rows = [f"{a},{b},{kind if i % 3 else ''},s{i // 6}" for i, (a, b, kind) in enumerate(
        zip(A, B, KINDS, strict=True))]  # fmt: skip
    path = written(tmp_path / "t.csv", "a,b,label,subject", rows)
    dataset = bound(path)
    made, prepared = list(dataset.examples()), prepare(dataset)
    assert len(made) == COUNT
    held_out = {e.group for e in made if e.splits.get("label") in ("val", "test")}
    training = [made[i] for i in prepared.training()]
    assert not held_out & {e.group for e in training}
    assert sum(not e.splits for e in training) == 2 * (10 - len(held_out)) > 0
    x = np.stack([e.x for e in training])
    np.testing.assert_allclose(prepared.mean, x.mean(0), rtol=1e-5)
    report = check_data(bound(path))
    assert report.pretraining == len(training)
    assert (report.unlabelled, report.unlabelled_held_out) == (
        2 * (10 - len(held_out)), 2 * len(held_out))  # fmt: skip
    whole = bound(written(tmp_path / "whole.csv", "a,b,label,subject", [
        row for i, row in enumerate(rows) if i % 3]))  # fmt: skip
    labelled = prepare(dataset, unlabelled=False)
    assert len(labelled.training()) == len(prepare(whole).training())
    np.testing.assert_array_equal(labelled.mean, prepare(whole).mean)


def test_a_row_without_a_label_that_is_in_test_or_names_no_subject_is_left_out(tmp_path):
    split = ["train"] * 30 + ["val"] * 10 + ["test"] * 20
    rows = [f"{a},{kind if i % 10 else ''},{split[i]}" for i, (a, kind) in enumerate(
        zip(A, KINDS, strict=True))]  # fmt: skip
    dataset = bound(written(tmp_path / "t.csv", "a,label,split", rows))
    bare = [e.x[0] for e in dataset.examples() if not e.splits]
    assert bare == [np.float32(a) for a in A[:30:10]]
    assert "3 rows without a label are in val or test: left out" in said(dataset)
    rows = [f"{a},{kind if i % 10 else ''},{f's{i % 7}' if i % 10 else ''}"
            for i, (a, kind) in enumerate(zip(A, KINDS, strict=True))]  # fmt: skip
    dataset = bound(written(tmp_path / "t.csv", "a,label,subject", rows))
    assert all(e.splits for e in dataset.examples())
    assert "6 rows without a label name no subject, as others do: left out" in said(dataset)


def test_a_table_is_pretrained_on_without_labels_where_the_user_says_so(tmp_path, capsys):
    rows = [row.rpartition(",")[0] for row in ROWS]
    rows[3] = f",{B[3]}"
    path = written(tmp_path / "t.csv", "a,b", rows)
    assert "or pretrain without labels (--target none)" in refusal(path, None)
    dataset = bound(path, "none")
    assert dataset.tasks == ()
    x = np.stack([e.x for e in dataset.examples()])
    a = A.copy()
    a[3] = np.delete(A, 3).mean()
    np.testing.assert_allclose(x, np.column_stack([a, B]), rtol=1e-5)
    assert len(prepare(dataset).training()) == COUNT
    run = ["run", "--domain", "tabular", "--pretrain", "table", "--data-dir", str(path)]
    assert invoke([*run, "--target", "none"]) == 2
    told = capsys.readouterr().err
    assert "nothing to evaluate: dataset 'table' has no task (--target none says" in told
    assert len(told.splitlines()) == 1
    named = written(tmp_path / "n.csv", "a,none", [row.replace("cat", "x") for row in [
        f"{a},{kind}" for a, kind in zip(A, KINDS, strict=True)]])  # fmt: skip
    assert bound(named, "none").tasks[0].classes == ("dog", "x")
