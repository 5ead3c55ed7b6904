"""``--method supervised --views NAME``: augmentation of a supervised training, learned or not."""

import json

import pytest
import torch
import toy
from planning import make_plan, new_encoder

import vmbench
from vmbench.data.dataset import Task
from vmbench.errors import UserError
from vmbench.networks import Viewmaker
from vmbench.objectives import Batch
from vmbench.objectives.cross_entropy import CrossEntropy
from vmbench.training.steps import reverse_gradient
from vmbench.views.base import view_maker
from vmbench.views.viewmaker import AdversarialViews


def run(out, method="supervised", **options):
    options = {"preset": "smoke", "pretrain": "toy-vector", **options}
    settings = {"batch_size": 32, **options.pop("settings", {})}
    return vmbench.run("toy", method, out=out, settings=settings, **options)


@pytest.mark.parametrize(("views", "pretrain", "again"), [
    ("viewmaker", "toy-grid", False),
    ("viewmaker", "toy-sequence", False),
    ("viewmaker", "toy-vector", True),
    ("gaussian-noise", "toy-sequence", False),
])  # fmt: skip
def test_views_augment_the_training_of_every_spec(views, pretrain, again, tmp_path):
    options = {"pretrain": pretrain}
    first, plain = run(tmp_path / "a", views=views, **options), run(tmp_path / "a", **options)
    if again:
        assert run(tmp_path / "b", views=views, **options).values() == first.values()
    assert (first.method, first.objective) == (f"supervised+{views}", None)
    assert f"-supervised-and-{views}-" in first.run_id
    assert first.config_hash != plain.config_hash
    assert (first.parameters.viewmaker > 0) == (views == "viewmaker")
    folder = tmp_path / "a" / first.run_id
    saved = {path.name.split(".")[0] for path in folder.rglob("*.views.safetensors")}
    tasks = {f"{task.dataset}-{task.task}" for task in first.tasks}
    assert saved == (tasks if views == "viewmaker" else set())
    logs = [
        (tmp_path / "a" / r.run_id / f"metrics-{pretrain}-kind.jsonl").read_text().splitlines()
        for r in (first, plain)
    ]
    assert logs[0][-1] != logs[1][-1]  # it has been trained on something else


def test_the_viewmaker_ascends_the_cross_entropy_that_the_classifier_descends():
    """One reversed pass against two plain ones of the same draws."""
    torch.manual_seed(0)
    labels = torch.arange(16) % 3
    task = toy.ToySequence.tasks[0]
    objective = CrossEntropy(new_encoder(toy.ToySequence.spec), labels, task)
    viewmaker = Viewmaker(toy.ToySequence.spec, 0.5, width=4, num_res_blocks=1)
    batch = Batch(torch.randn(16, *toy.ToySequence.spec.shape), torch.arange(16))

    def backward(wrap, sign):
        objective.zero_grad()
        viewmaker.zero_grad()
        noise = torch.Generator().manual_seed(1)
        (sign * objective(batch, view_maker(AdversarialViews(viewmaker), noise, wrap))).backward()
        return [
            {k: p.grad.clone() for k, p in m.named_parameters() if p.grad is not None}
            for m in (objective, viewmaker)
        ]

    joint = backward(reverse_gradient, 1)
    alone = backward(torch.Tensor.detach, 1)[0], backward(lambda view: view, -1)[1]
    for found, expected in zip(joint, alone, strict=True):
        assert found.keys() == expected.keys()
        for name in found:
            torch.testing.assert_close(found[name], expected[name], rtol=1e-4, atol=1e-6)
    assert max(g.abs().max() for g in joint[1].values()) > 1e-6


def test_the_label_s_columns_are_hidden_before_the_view_and_after_it():
    task = Task("t", toy.CLASSES, "rows", hidden=((0, 3),))
    encoder = new_encoder(toy.ToyVector.spec).eval()
    objective = CrossEntropy(encoder, torch.zeros(4, dtype=torch.long), task)
    seen = []
    encoder.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    original = encoder.maps
    encoder.maps = lambda x: (seen.append(x), original(x))[1]
    given = []

    def make_views(x, count):
        given.append(x)
        return count * [x + 1]

    objective(Batch(torch.randn(4, 9), torch.arange(4)), make_views)
    assert (given[0][:, :3] == 0).all()
    assert (seen[0][:, :3] == 0).all()
    assert (seen[0][:, 3:] == given[0][:, 3:] + 1).all()


def plan(method, views, domain="toy", settings=None, **options):
    settings = settings or {}
    return make_plan(
        domain, method, "simclr", "smoke", 0, None, [], settings, views=views, **options
    )


@pytest.mark.parametrize(("arguments", "message"), [
    (("viewmaker", "gaussian-noise"), "use --method supervised, or --method gaussian-noise"),
    (("random-init", "viewmaker"), "method 'random-init' is none"),
    (("supervised", "random-init"), "--views random-init makes no views"),
    (("supervised", "supervised"), "--views supervised makes no views"),
    (("supervised", "viewmakr"), "did you mean 'viewmaker'"),
    (("supervised", "specaugment"), "'specaugment' serves grid inputs"),
    (("supervised", "handcrafted"), "has no handcrafted views for a vector"),
])  # fmt: skip
def test_views_that_cannot_be(arguments, message):
    with pytest.raises(UserError, match=message):
        plan(*arguments)


def test_handcrafted_means_the_domains_own_family():
    document = plan("supervised", "handcrafted", domain="tabular").document
    assert (document["views"], document["family"]) == ("handcrafted", "scarf")
    plain = plan("supervised", None).document
    assert (plain["views"], plain["family"], plain["label"]) == (None, "supervised", "supervised")


def test_the_settings_may_augment_with_the_domains_own_views(tmp_path, monkeypatch):
    monkeypatch.setattr(toy.Toy, "handcrafted", {"vector": "scarf"})
    named = run(tmp_path / "named", views="handcrafted")
    found = run(tmp_path / "set", settings={"augmentation": "handcrafted"})
    losses = [
        (tmp_path / folder / r.run_id / "metrics-toy-vector-kind.jsonl")
        .read_text()
        .splitlines()[-1]
        for folder, r in (("named", named), ("set", found), ("plain", run(tmp_path / "plain")))
    ]
    loss = [json.loads(line)["loss"] for line in losses]
    assert loss[0] == loss[1] != loss[2]
    assert (found.method, named.method) == ("supervised", "supervised+handcrafted")
    assert found.config["supervised"]["augmentation"] == "handcrafted"
    document = plan("supervised", None, settings={"augmentation": "handcrafted"}).document
    assert (document["views"], document["family"]) == ("handcrafted", "scarf")
    # What is named wins, and a method that no view augments has nothing to do with it.
    assert plan("supervised", "cutout", settings={"augmentation": "handcrafted"}).label == (
        "supervised+cutout"
    )
    assert plan("random-init", None, settings={"augmentation": "handcrafted"}).augmentation is None


def test_a_domain_without_handcrafted_views_cannot_augment_with_them():
    with pytest.raises(UserError, match="has no handcrafted views for a vector"):
        plan("supervised", None, settings={"augmentation": "handcrafted"})


def test_the_command_line_names_both_options(tmp_path, capsys):
    from vmbench.cli import invoke

    arguments = ["run", "--domain", "toy", "--preset", "smoke", "--method", "supervised"]
    arguments += ["--views", "viewmaker", "--eval", "knn", "--set", "batch_size=32"]
    code = invoke([*arguments, "--out", str(tmp_path), "--json", "--quiet"])
    result = json.loads(capsys.readouterr().out)
    assert code == 0
    assert result["method"] == "supervised+viewmaker"
    assert {task["probe"]["kind"] for task in result["tasks"]} == {"knn"}
    for name, message in (("knnn", "did you mean 'knn'"), ("", "unknown evaluation ''")):
        bad = ["--eval", name, "--out", str(tmp_path), "--quiet"]
        assert invoke([*arguments[:5], *bad]) == 2
        stderr = capsys.readouterr().err
        assert message in stderr
        assert len(stderr.splitlines()) == 1
