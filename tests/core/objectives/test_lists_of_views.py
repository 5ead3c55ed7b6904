"""What an objective makes of more than two views, of two kinds, and of views with less space."""

from itertools import combinations, permutations

import pytest
import torch
import toy
from players import batch, build, given, gradients, train
from torch.nn import functional as F

from vmbench.data.specs import Grid
from vmbench.objectives import byol, moco, simclr, simclr_reference, simsiam
from vmbench.objectives.base import together
from vmbench.registry import registry
from vmbench.views.base import ViewFamily, view_maker
from vmbench.views.crop import local_crop, local_space
from vmbench.views.viewmaker import AdversarialViews

OBJECTIVES = [entry.name for entry in registry("objective")]
SPEC = toy.ToyGrid.spec


def four_views(local=False, seed=3):
    generator = torch.Generator().manual_seed(seed)
    shapes = [(16, *SPEC.shape)] * 3 + [(16, 1, 6, 5) if local else (16, *SPEC.shape)]
    return [torch.randn(shape, generator=generator) for shape in shapes]


def pairwise(name, objective, views):
    """The loss of a list of views, written from the two-view loss that its equation gives."""
    full, small = [v for v in views if v.shape == views[0].shape], views[3:]
    groups = [full, small] if len(full) == 3 else [full]
    encode = [objective.head(objective.encoder(torch.cat(g))).chunk(len(g)) for g in groups]
    z = [each for group in encode for each in group]
    t = getattr(objective.settings, "temperature", None)  # the predictive ones have none
    pairs = list(combinations(range(4), 2))
    if name == "simclr":
        return sum(simclr(z[i], z[j], t) for i, j in pairs) / 6
    if name == "simclr-reference":
        return sum(simclr_reference(z[i], z[j], t) for i, j in pairs) / 6
    p = objective.predictor(torch.cat(z)).chunk(4)
    ordered = list(permutations(range(4), 2))
    if name == "simsiam":
        return sum(simsiam(p[i], z[j]) for i, j in ordered) / 12
    target = [objective.target(torch.cat(g)).chunk(len(g)) for g in groups]
    kept = [each for group in target for each in group]
    return 2 * sum(byol(p[i], kept[j]) for i, j in ordered) / 12


@pytest.mark.parametrize("local", [False, True])
@pytest.mark.parametrize("name", ["simclr", "simclr-reference", "simsiam", "byol"])
def test_every_pair_of_views_counts_alike(name, local):
    objective, _ = build(name, SPEC)
    views = four_views(local)
    expected = pairwise(name, objective, views).item()
    assert objective(batch(SPEC), given(*views)).item() == pytest.approx(expected, rel=1e-5)
    # Which of several views comes first changes nothing, where the loss has no direction.
    if name != "simclr-reference":
        other = objective(batch(SPEC), given(views[2], views[0], views[1], views[3])).item()
        assert other == pytest.approx(expected, rel=1e-5)


def test_the_second_view_is_mocos_key_and_every_other_one_a_query():
    objective, _ = build("moco", SPEC)
    with torch.no_grad():
        for p in objective.momentum_encoder.parameters():
            p += 0.1 * torch.randn_like(p)
    views = four_views()
    project = [views[0], views[2], views[3]]
    q = objective.head(objective.encoder(torch.cat(project))).chunk(3)
    k = objective.momentum_encoder(views[1])
    t = objective.settings.temperature
    expected = sum(moco(each, k, objective.queue, t) for each in q) / 3
    loss = objective(batch(SPEC), given(*views))
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)
    objective.after_step(batch(SPEC))
    torch.testing.assert_close(objective.queue[:16], F.normalize(k, dim=1))


@pytest.mark.parametrize("name", ["instdisc", "instdisc-reference"])
def test_a_bank_is_compared_with_the_first_view_alone(name):
    """A fresh copy for each: the estimate of Z is the first batch's."""
    first, *others = four_views()
    alone = build(name, SPEC)[0](batch(SPEC), given(first))
    assert build(name, SPEC)[0](batch(SPEC), given(first, *others)).item() == alone.item()
    assert build(name, SPEC)[0](batch(SPEC), given(*others)).item() != alone.item()


def test_views_of_one_shape_share_a_call_and_keep_their_places():
    calls = []

    def function(x):
        calls.append(tuple(x.shape))
        return x.flatten(1).sum(1)

    views = [torch.full(shape, float(n)) for n, shape in enumerate([(2, 3), (2, 1), (2, 3)])]
    found = [part.tolist() for part in together(views, function)]
    assert found == [[0, 0], [1, 1], [6, 6]]
    assert calls == [(4, 3), (2, 1)]


class Kinds(AdversarialViews):
    """Two learned views, a noisy one that does not learn, and a local crop of a learned one."""

    def makers(self):
        return (self, self, self.noisy, self.local)

    def noisy(self, x, generator):
        return x + torch.randn(x.shape, generator=generator)

    def local(self, x, generator):
        return local_crop(self(x, generator), local_space(x.shape[2:]), generator)


@pytest.mark.parametrize("schedule", ["joint", "alternating"])
@pytest.mark.parametrize("name", OBJECTIVES)
def test_a_family_of_several_kinds_trains_both_players(name, schedule):
    objective, views = build(name, SPEC)
    family = Kinds(views.network).train()
    before = [[p.clone() for p in player.parameters()] for player in (objective.encoder, family)]
    train(objective, family, toy.ToyGrid, schedule=schedule)
    for player, old in zip((objective.encoder, family), before, strict=True):
        moved = [(p - q).abs().max() for p, q in zip(player.parameters(), old, strict=True)]
        assert max(moved) > 1e-3


def test_makers_are_called_in_order_around_and_what_is_between_gets_each():
    class Counted(ViewFamily):
        def makers(self):
            return (lambda x, _: x + 1, lambda x, _: x + 2)

    make_views = view_maker(Counted(), torch.Generator(), lambda view: 10 * view)
    assert [v.item() for v in make_views(torch.zeros(1))] == [10, 20]
    assert [v.item() for v in make_views(torch.zeros(1), 3)] == [10, 20, 10]
    assert [v.item() for v in make_views(torch.zeros(1), 1)] == [10]
    assert make_views(torch.zeros(1), 0) == []


@pytest.mark.parametrize("shape", [(64, 2, 9, 7), (64, 3, 11)])
def test_a_local_crop_is_a_window_of_each_example_at_its_own_place(shape):
    space = local_space(shape[2:])
    x = torch.arange(torch.tensor(shape).prod().item()).float().view(shape).requires_grad_()
    crops = local_crop(x, space, torch.Generator().manual_seed(0))
    assert crops.shape == (*shape[:2], *space)
    corners = set()
    for example, crop in zip(x, crops, strict=True):
        # Every number is told from every other: the first one says where the window lies.
        at = [int(i) for i in (example[0] == crop[(0, *[0] * len(space))]).nonzero()[0]]
        window = (slice(None), *(slice(a, a + bins) for a, bins in zip(at, space, strict=True)))
        assert torch.equal(example[window], crop)
        corners.add(tuple(at))
    possible = 1
    for bins, kept in zip(shape[2:], space, strict=True):
        possible *= bins - kept + 1
    assert len(corners) > 0.7 * possible
    crops.sum().backward()
    assert x.grad.sum() == crops.numel()


def test_an_axis_without_room_is_kept_whole():
    x = torch.randn(2, 1, 3, 8)
    assert torch.equal(local_crop(x, (3, 9), torch.Generator()), x)
    assert local_space(Grid(3, 224, 112).space) == (96, 48)


def test_reversing_reaches_every_learned_view():
    """The gradient of the adversary through a list: every maker's share is in it."""
    objective, views = build("simclr", SPEC)
    family = Kinds(views.network).train()
    x = batch(SPEC).x
    made = view_maker(family, torch.Generator().manual_seed(1))(x)
    objective(batch(SPEC), given(*made)).backward()
    assert gradients(family)
    assert [view.requires_grad for view in made] == [True, True, False, True]
    assert [tuple(view.shape[2:]) for view in made] == [(12, 10), (12, 10), (12, 10), (5, 4)]
