"""Every dataset that reads files can be bound twice, and is then the same declaration."""

from importlib.util import find_spec

import pytest

from vmbench.registry import registry

OWN = ("image", "audio", "sensor", "tabular", "medical")


def file_datasets():
    for domain in OWN:
        adapter = registry("domain").get(domain)
        for name in adapter.datasets:
            if adapter.dataset(name).package is None:
                yield pytest.param(adapter, name, id=name)


@pytest.mark.parametrize(("adapter", "name"), list(file_datasets()))
def test_binding_leaves_the_declaration_as_it_is(adapter, name, tmp_path):
    if name == "lsun" and find_spec("lmdb") is None:
        pytest.skip("writing LSUN's sample needs lmdb")
    folders = tmp_path / "one", tmp_path / "other"
    dataset = adapter.dataset(name)
    for folder in folders:
        folder.mkdir()
        dataset.write_sample(folder)
    before = dict(vars(dataset))
    stated = dataset.spec, dataset.tasks, dataset.revision
    bound = [dataset.bind(folder) for folder in folders]
    assert vars(dataset) == before
    assert (dataset.spec, dataset.tasks, dataset.revision) == stated
    assert [each.data_dir for each in bound] == list(folders)
    first, second = (next(each.examples()) for each in bound)
    assert first.x.shape == second.x.shape == bound[0].spec.shape
    assert vars(dataset) == before
