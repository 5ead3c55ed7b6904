"""What every built-in dataset keeps to."""

import sys

import numpy as np
import pytest

from vmbench.data.dataset import SPLITS
from vmbench.errors import UserError
from vmbench_domains.packaged import import_carrier


def test_examples_have_the_specs_shape_and_are_finite(dataset_name, collect):
    data = collect(dataset_name)
    assert data.x.shape[1:] == data.dataset.spec.shape
    assert data.x.dtype == np.float32
    assert np.isfinite(data.x).all()
    assert data.x.reshape(len(data.x), -1).std(1).min() > 0


def test_values_keep_to_the_declared_range(dataset_name, collect):
    data = collect(dataset_name)
    if data.dataset.value_range is None:
        assert data.dataset.normalize != "none"
    else:
        assert (data.x.min(), data.x.max()) == data.dataset.value_range


def test_a_second_reading_is_equal(dataset_name, collect, reread):
    first, second = collect(dataset_name), reread(dataset_name)
    np.testing.assert_array_equal(first.x, second.x)
    for task in first.labels:
        np.testing.assert_array_equal(first.labels[task], second.labels[task])
        np.testing.assert_array_equal(first.splits[task], second.splits[task])


@pytest.mark.parametrize(
    "name", ["mnist", "digits", "watch", "diamonds", "pig-cvp", "breast-cancer"]
)
def test_train_has_every_class_and_no_side_is_empty(name, collect):
    data = collect(name)
    for task in data.dataset.tasks:
        labels, splits = data.labels[task.name], data.splits[task.name]
        assert set(splits) == set(SPLITS)
        if task.kind == "regression":
            assert all(np.ptp(labels[splits == split]) > 0 for split in SPLITS)
            continue
        assert set(labels[splits == "train"]) == set(range(len(task.classes)))
        assert set(labels) == set(range(len(task.classes)))


@pytest.mark.parametrize(
    ("name", "task", "groups"),
    [("watch", "exercise", 10), ("watch-raw", "exercise", 10), ("pig-cvp", "pig", 52),
     ("spoken-digits", "voice", 2), ("spoken-digits-waveform", "voice", 2)],
)  # fmt: skip
def test_examples_name_who_they_stem_from(name, task, groups, collect):
    """A subject is on one side; a pig or voice is the class of its task."""
    data = collect(name)
    assert len(set(data.groups)) == groups
    for group in set(data.groups):
        one = data.groups == group
        assert len(set((data.splits if task == "exercise" else data.labels)[task][one])) == 1
    if task == "exercise":
        assert len(set(data.groups[data.splits[task] == "test"])) == 3


def test_independent_rows_name_no_group(collect):
    for name in ("mnist", "digits", "diamonds", "breast-cancer"):
        assert set(collect(name).groups) == {None}


def test_cards_name_licence_source_and_carrier(dataset_name, collect):
    dataset = collect(dataset_name).dataset
    assert dataset.card.licence
    assert dataset.card.citation
    assert dataset.card.homepage.startswith("https://")
    assert dataset.package is not None
    assert all(task.split_rule for task in dataset.tasks)


@pytest.mark.parametrize("name", ["mnist", "spoken-digits", "watch", "diamonds", "pig-cvp"])
def test_a_missing_package_is_an_error_that_names_its_extra(name, collect, monkeypatch):
    dataset = collect(name).dataset
    package, extra = dataset.package
    for module in [m for m in sys.modules if m.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(UserError, match=rf"'{name}'.*pip install 'vmbench\[{extra}\]'"):
        next(iter(dataset.examples()))


def test_a_package_that_lacks_another_is_not_called_missing(tmp_path, monkeypatch, collect):
    (tmp_path / "carrier_with_a_fault.py").write_text("import nowhere_to_be_found")
    monkeypatch.syspath_prepend(tmp_path)
    dataset = collect("watch").dataset
    monkeypatch.setattr(type(dataset), "package", ("carrier_with_a_fault", "sensor"))
    with pytest.raises(ModuleNotFoundError, match="nowhere_to_be_found"):
        import_carrier(dataset, "carrier_with_a_fault")


def test_a_data_dir_that_does_not_exist_is_told(dataset_name, collect, tmp_path):
    dataset = type(collect(dataset_name).dataset)()
    dataset.bind(tmp_path)
    with pytest.raises(UserError, match=r"--data-dir .*/nowhere does not exist"):
        dataset.bind(tmp_path / "nowhere")
