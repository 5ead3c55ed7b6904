"""Every registered method on the real embedded data of every domain, through the command line."""

import math
from itertools import product

import pytest
from reported import assert_a_value_is_its_units

from vmbench.cli import invoke
from vmbench.registry import BUILT_IN, registry
from vmbench.runs.names import HANDCRAFTED
from vmbench.views.base import Identity
from vmbench.views.method import ViewMethod

BUILT_IN_DOMAINS = [entry for entry in registry("domain") if entry.owner == BUILT_IN]
DOMAINS = {entry.name: registry("domain").get(entry.name) for entry in BUILT_IN_DOMAINS}
METHODS = [HANDCRAFTED, *(e.name for e in registry("method") if e.owner == BUILT_IN)]
# Of the embedded datasets that are no domain's default: what also runs on them.
ALWAYS = (HANDCRAFTED, "viewmaker")
# As in the dataset's `small`: a viewmaker on all 16,000 samples takes as long as forty other runs.
SETTINGS = {"spoken-digits-waveform": {"downsample_to": 2000}}


def serves(domain, kind, method):
    """Whether the index says that ``method`` takes a ``kind`` of input in ``domain``."""
    if method == HANDCRAFTED:
        return kind in DOMAINS[domain].handcrafted
    return kind in registry("method").entry(method).facts["specs"]


def embedded():
    """(domain, dataset, kind of its spec), each domain's default first."""
    for name, domain in DOMAINS.items():
        others = [
            d for d in registry("domain").entry(name).facts["embedded"] if d != domain.default
        ]
        for dataset in [domain.default, *others]:
            yield name, dataset, domain.dataset(dataset).spec.kind


def cases():
    """(domain, dataset, method) of every run: a default gets every method that serves it, another
    dataset those that serve no dataset before it in its domain.
    """
    seen = set()
    for domain, dataset, kind in embedded():
        for method in METHODS:
            default = dataset == DOMAINS[domain].default
            wanted = default or method in ALWAYS or (domain, method) not in seen
            if wanted and serves(domain, kind, method):
                seen.add((domain, method))
                yield domain, dataset, method


RUNS = list(cases())
REFUSED = [
    (domain, dataset, method)
    for (domain, dataset, kind), method in product(embedded(), METHODS)
    if not serves(domain, kind, method)
]


def method_class(domain, dataset, method):
    kind = DOMAINS[domain].dataset(dataset).spec.kind
    name = DOMAINS[domain].handcrafted[kind] if method == HANDCRAFTED else method
    return registry("method").load_class(name)


@pytest.mark.parametrize(("domain", "dataset", "method"), RUNS)
@pytest.mark.usefixtures("_without_pictures", "_two_voices")
def test_a_smoke_run(domain, dataset, method, run, inside, tmp_path):
    task = DOMAINS[domain].dataset(dataset).tasks[0].name
    result = run(
        *("--domain", domain, "--method", method),
        *("--pretrain", dataset, "--transfer", f"{dataset}/{task}"),
        **SETTINGS.get(dataset, {}),
    )
    kind = method_class(domain, dataset, method)
    assert (result["domain"], result["method"]) == (domain, method)
    assert result["pretrain"]["dataset"] == dataset
    assert [(t["dataset"], t["task"]) for t in result["tasks"]] == [(dataset, task)]
    for found in result["tasks"]:
        assert_a_value_is_its_units(found)
        assert min(found["n_train"], found["n_val"], found["n_test"]) > 0

    # An objective belongs to a method that takes one, and to no other's name.
    takes = kind().takes_objective
    assert result["objective"] == ("simclr" if takes else None)
    assert ("-simclr-smoke-" in result["run_id"]) == takes

    # Who pretrains, did: two steps, and the loss is a number. The ceiling trained on the labels.
    pretrained = issubclass(kind, ViewMethod)
    assert result["pretrain"]["steps"] == (2 if pretrained else 0)
    assert (result["pretrain"]["final_loss"] is not None) == pretrained
    trainings = ["pretrain"] * pretrained + [f"{dataset}-{task}"] * (method == "supervised")
    trained = inside.read.trained
    assert list(trained) == trainings
    for left in trained.values():
        assert (left.fit.steps, math.isfinite(left.fit.final_loss)) == (2, True)
    learned = kind.kind == "learned"
    assert (result["parameters"]["viewmaker"] > 0) == learned
    assert (result["parameters"]["encoder"] > 0) == kind.encodes
    folder = tmp_path / result["run_id"]
    assert (folder / "metrics.jsonl").exists() == pretrained
    assert (folder / "checkpoints" / "pretrain.views.safetensors").exists() == learned

    # The features tell examples apart.
    features = inside.features()
    assert features.isfinite().all()
    assert (features.std(0) > 1e-5).float().mean() > 0.5

    # The views, where there are any, distort every example, in range and never twice alike.
    makes_views = pretrained and kind.objective is None
    assert (pretrained and not isinstance(inside.family(), Identity)) == makes_views
    if makes_views:
        view, other = inside.views(seed=1), inside.views(seed=2)
        assert view.isfinite().all()
        for one, another in ((view, inside.x), (view, other)):
            assert (one != another).flatten(1).any(1).float().mean() > 0.9
        if bounds := DOMAINS[domain].dataset(dataset).value_range:
            assert bounds[0] <= view.min()
            assert view.max() <= bounds[1]


def test_every_domain_meets_every_method():
    """The runs above leave out no pair, but those that no embedded dataset of the domain allows."""
    covered = {(domain, method) for domain, _, method in RUNS}
    missing = set(product(DOMAINS, METHODS)) - covered
    kinds = {domain: {k for d, _, k in embedded() if d == domain} for domain in DOMAINS}
    assert missing == {
        (domain, method)
        for domain, method in product(DOMAINS, METHODS)
        if not any(serves(domain, kind, method) for kind in kinds[domain])
    }
    assert {"viewmaker", "viewmaker+handcrafted", HANDCRAFTED} <= {m for _, m in covered}
    assert len(RUNS) == len(set(RUNS))


def test_exactly_the_pairs_that_the_index_rules_out_are_refused(capsys, tmp_path):
    """One line, exit code 2, and nothing is written; what is not refused would run."""
    refused = []
    for (domain, dataset, _), method in product(embedded(), METHODS):
        # More examples than fit a batch: a pair that is not refused fails later, at its training.
        code = invoke([
            *("run", "--domain", domain, "--pretrain", dataset, "--method", method),
            *("--preset", "smoke", "--quiet", "--out", str(tmp_path), "--device", "nowhere"),
        ])  # fmt: skip
        stderr = capsys.readouterr().err
        assert code == 2, (domain, dataset, method)
        assert len(stderr.splitlines()) == 1
        if "nowhere" not in stderr:  # the device is looked at last
            refused.append((domain, dataset, method))
            assert f"method '{method}' serves" in stderr
            assert f"dataset '{dataset}' of domain {domain} is a" in stderr
            assert "vmbench list methods" in stderr
    assert refused == REFUSED
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("domain", DOMAINS)
def test_the_default_run_of_every_domain(domain, run, tmp_path):
    """As a user would type it: the preset's own size, every task, the picture of the views."""
    result = run("--domain", domain, tiny=False)
    tasks = DOMAINS[domain].dataset(DOMAINS[domain].default).tasks
    assert {task.name for task in tasks if task.default} <= {t["task"] for t in result["tasks"]}
    for task in result["tasks"]:
        assert_a_value_is_its_units(task)
    assert result["pretrain"]["epochs"] == 2
    assert (tmp_path / result["run_id"] / "views.png").stat().st_size > 10_000


def test_raw_features_beat_chance_on_every_task(run):
    """The labels belong to the examples: even smoke's 256 training examples beat the majority."""
    for domain in DOMAINS:
        result = run("--domain", domain, "--method", "raw-features", tiny=False)
        for task in result["tasks"]:
            assert task["metrics"]["balanced_accuracy"] > 1.5 / task["n_classes"], task
