"""Learned views beside the adversary's: supplemented handcrafted ones, and Divmaker's."""

import math

import pytest
import torch
import toy
from planning import common, make_plan, new_encoder

import vmbench
from vmbench.data.specs import Grid
from vmbench.errors import UserError
from vmbench.index import ENTRIES
from vmbench.networks import Viewmaker
from vmbench.objectives import Batch
from vmbench.objectives.simclr import SimCLR
from vmbench.registry import registry
from vmbench.training import checkpoint
from vmbench.training.device import Placement
from vmbench.training.players import Players
from vmbench.training.steps import SCHEDULES
from vmbench.views.base import ViewContext, view_maker
from vmbench.views.divmaker import DiverseViews, Divmaker, deterministic_contrastive
from vmbench.views.method import ViewMethod
from vmbench.views.viewmaker_handcrafted import SupplementedViews, ViewmakerHandcrafted

SMALL = {"width": 4, "num_res_blocks": 1}
CPU = Placement(torch.device("cpu"), None)
DATASETS = [toy.ToyGrid, toy.ToySequence, toy.ToyVector]
FAMILIES = {"grid": "spectral", "sequence": "jitter-warp", "vector": "scarf"}


@pytest.fixture
def _toy_families(monkeypatch):
    """The toy domain gets a handcrafted family per spec."""
    monkeypatch.setattr(toy.Toy, "handcrafted", FAMILIES)


def made(method, **settings):
    return method(method.settings_class(**SMALL, **settings))


def context(spec, handcrafted=None):
    reference = torch.randn(64, *spec.shape, generator=torch.Generator().manual_seed(1))
    family = registry("method").get(handcrafted) if handcrafted else None
    return ViewContext(spec, None, reference, family)


@pytest.mark.parametrize("entry", [e for e in ENTRIES if e.kind == "method"], ids=lambda e: e.name)
def test_index_says_what_the_class_says(entry):
    method = entry.load()
    assert issubclass(method, ViewMethod)
    assert entry.name == method.name
    assert entry.facts == {"views": method.kind, "specs": method.specs, "paper": method.paper}


@pytest.mark.parametrize("dataset", DATASETS)
def test_a_supplemented_view_is_the_handcrafted_one_and_a_bounded_perturbation(dataset):
    spec = dataset.spec
    views = made(ViewmakerHandcrafted, epsilon=0.1).views(context(spec, FAMILIES[spec.kind]))
    x = torch.randn(16, *spec.shape)
    generator = torch.Generator().manual_seed(3)
    handcrafted = views.handcrafted(x, generator)
    expected = views.network(handcrafted, generator)
    view = views(x, torch.Generator().manual_seed(3))
    assert torch.equal(view, expected)
    delta = (view - handcrafted).abs().flatten(1).mean(1)
    torch.testing.assert_close(delta, torch.full_like(delta, 0.1), rtol=0.01, atol=0)
    assert (handcrafted - x).abs().mean() > 0.02


def test_the_adversary_of_supplemented_views_answers_for_its_perturbation_alone():
    class Wiggle(torch.nn.Module):
        """A handcrafted family whose output depends on its input and on a parameter."""

        role = "fixed"

        def __init__(self):
            super().__init__()
            self.gain = torch.nn.Parameter(torch.tensor(2.0))

        def forward(self, x, generator):
            return self.gain * x

    spec = Grid(1, 12, 10)
    network = Viewmaker(spec, width=4, num_res_blocks=1)
    views = SupplementedViews(Wiggle(), network)
    x = torch.randn(4, *spec.shape, requires_grad=True)
    views(x, torch.Generator()).square().sum().backward()
    assert x.grad is None
    assert views.handcrafted.gain.grad is None
    # The perturbation's gradient is that of the network alone on the handcrafted view.
    found = network.deconv3.conv2d.weight.grad.clone()
    network.zero_grad()
    network(2 * x.detach(), torch.Generator()).square().sum().backward()
    torch.testing.assert_close(network.deconv3.conv2d.weight.grad, found)
    with pytest.raises(ValueError, match="learns"):
        SupplementedViews(views, network)


def test_a_domain_without_handcrafted_views_is_told_before_anything_is_written(tmp_path):
    with pytest.raises(UserError, match="no handcrafted views for a vector"):
        vmbench.run("toy", "viewmaker+handcrafted", preset="smoke", out=tmp_path / "runs")
    assert not (tmp_path / "runs").exists()
    with pytest.raises(UserError, match="use --method viewmaker"):
        ViewmakerHandcrafted().views(context(Grid(1, 8, 8)))


@pytest.mark.usefixtures("_toy_families")
def test_the_family_is_part_of_the_configuration_and_plus_is_spelt_out(monkeypatch):
    def plan():
        return make_plan("toy", "viewmaker+handcrafted", "simclr", "smoke", 0, "toy-grid", (), {})

    first = plan()
    run_id = first.run_id
    assert first.document["handcrafted"] == "spectral"
    assert first.run_id.startswith("toy-viewmaker-and-handcrafted-simclr-smoke-s0-")
    monkeypatch.setattr(toy.Toy, "handcrafted", {"grid": "cutout"})
    assert plan().run_id != run_id


def test_deterministic_contrastive_is_its_equation():
    z, z1, z2 = torch.randn(3, 5, 7, generator=torch.Generator().manual_seed(0))

    def similarity(a, b):
        dot = sum(p * q for p, q in zip(a.tolist(), b.tolist(), strict=True))
        return math.exp(dot / (a.norm().item() * b.norm().item()) / 0.3)

    total = 0.0
    for a, b, c in zip(z, z1, z2, strict=True):
        between = similarity(b, c)
        for view in (b, c):
            kept = similarity(a, view)
            total -= math.log(kept / (kept + between))
    found = deterministic_contrastive(z, z1, z2, 0.3).item()
    assert found == pytest.approx(total / len(z), rel=1e-5)


def setup(dataset, views, schedule):
    config = common(schedule=schedule, lr=1e-30)
    torch.manual_seed(0)
    objective = SimCLR(new_encoder(dataset.spec), SimCLR.settings_class(), 10)
    players = Players(objective, views, config, 10)
    generator = torch.Generator().manual_seed(4)
    return objective, players, generator, SCHEDULES[schedule](players, CPU, generator)


@pytest.mark.parametrize("dataset", DATASETS)
@pytest.mark.parametrize("schedule", ["joint", "alternating"])
def test_divmaker_gets_the_gradient_of_its_own_loss_and_the_encoder_that_of_the_objective(
    dataset, schedule
):
    spec = dataset.spec
    torch.manual_seed(1)
    views = made(Divmaker, epsilon=0.3).views(context(spec))
    objective, _, _, step = setup(dataset, views, schedule)
    batch = Batch(torch.randn(16, *spec.shape), torch.arange(16))
    before = [p.clone() for p in objective.parameters()]
    step(batch)
    # The learning rate is too small to move anything: both passes saw the same encoder.
    for p, old in zip(objective.parameters(), before, strict=True):
        torch.testing.assert_close(p, old, rtol=0, atol=1e-20)
    found = {k: p.grad.clone() for k, p in views.named_parameters() if p.grad is not None}
    encoder = {k: p.grad.clone() for k, p in objective.named_parameters()}

    # By hand: a fresh copy of everything, one loss at a time.
    torch.manual_seed(1)
    own = made(Divmaker, epsilon=0.3).views(context(spec))
    objective, _, generator, _ = setup(dataset, own, schedule)
    loss = objective(batch, view_maker(own, generator, torch.Tensor.detach))
    names, parameters = zip(*objective.named_parameters(), strict=True)
    for name, grad in zip(names, torch.autograd.grad(loss, parameters), strict=True):
        torch.testing.assert_close(encoder[name], grad, msg=name)
    z, z1, z2 = (
        objective.encoder(each)
        for each in (batch.x, own(batch.x, generator), own(batch.x, generator))
    )
    deterministic_contrastive(z, z1, z2, 0.07).backward()
    expected = {k: p.grad for k, p in own.named_parameters() if p.grad is not None}
    assert found.keys() == expected.keys()
    for name, grad in expected.items():
        torch.testing.assert_close(found[name], grad, rtol=1e-3, atol=1e-5, msg=name)
    assert max(g.abs().max() for g in found.values()) > 1e-6


def test_diverse_views_grow_apart_where_adversaries_need_not():
    """Trained against a frozen encoder, the two views' similarity falls and their own loss too."""
    spec = toy.ToyVector.spec
    torch.manual_seed(1)
    views = made(Divmaker, epsilon=0.3, lr=1e-2).views(context(spec))
    assert isinstance(views, DiverseViews)
    objective, _, generator, step = setup(toy.ToyVector, views, "joint")
    objective.eval()
    x = torch.randn(128, *spec.shape)

    def measure():
        fixed = torch.Generator().manual_seed(9)
        with torch.no_grad():
            loss = views.own_loss(x, objective.encoder, fixed).item()
            z1, z2 = (objective.encoder(views(x, fixed)) for _ in range(2))
            return loss, torch.cosine_similarity(z1, z2).mean().item()

    loss, similarity = measure()
    for _ in range(30):
        step(Batch(x, torch.arange(128), generator))
    later, less_similar = measure()
    assert later < loss
    assert less_similar < similarity


@pytest.mark.parametrize("method", ["mae", "divmaker"])
def test_an_interrupted_pretraining_with_draws_of_its_own_continues_bit_for_bit(
    method, tmp_path, monkeypatch
):
    """Masks and own losses draw from the generator that the training state keeps."""

    def run(name):
        settings = {"batch_size": 32, "checkpoint_minutes": 1e-9}
        options = {"preset": "smoke", "pretrain": "toy-vector", "transfer": ["toy-vector"]}
        return vmbench.run("toy", method, settings=settings, out=tmp_path / name, **options)

    whole = run("whole")
    written = iter(range(1000))
    save = checkpoint.save

    def save_and_stop(state, path):
        save(state, path)
        if next(written) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(checkpoint, "save", save_and_stop)
    with pytest.raises(KeyboardInterrupt):
        run("halves")
    monkeypatch.setattr(checkpoint, "save", save)
    assert run("halves").values() == whole.values()
