import math

import pytest
import torch
import toy
from planning import common, make_plan, new_encoder
from players import batch, build, given, gradients, train, two_views
from torch.nn import functional as F

from vmbench.errors import UserError
from vmbench.networks import Architecture
from vmbench.objectives import multi_crop_swav, sinkhorn, swav
from vmbench.objectives.swav import SwAV, SwAVSettings
from vmbench.runs.presets import PRESETS
from vmbench.views.crop import local_crop

SPECS = [toy.ToyGrid.spec, toy.ToySequence.spec, toy.ToyVector.spec]


def naive_sinkhorn(scores, epsilon, iterations):
    b, k = scores.shape
    q = [[math.exp(float(s) / epsilon) for s in row] for row in scores]
    for _ in range(iterations):
        for j in range(k):
            total = sum(q[i][j] for i in range(b))
            for i in range(b):
                q[i][j] /= total * k
        for i in range(b):
            total = sum(q[i])
            q[i] = [v / (total * b) for v in q[i]]
    return [[v * b for v in row] for row in q]


def naive_swav(scores1, scores2, t, codes1, codes2):
    total = 0.0
    for scores, codes in ((scores1, codes2), (scores2, codes1)):
        for row, code in zip(scores, codes, strict=True):
            denominator = sum((s / t).exp() for s in row)
            for s, c in zip(row, code, strict=True):
                total = total - c * ((s / t).exp() / denominator).log() / (2 * len(scores))
    return total


def scores(b, k, seed):
    generator = torch.Generator().manual_seed(seed)
    return 2 * torch.rand(b, k, generator=generator, dtype=torch.float64) - 1


@pytest.mark.parametrize(("b", "k"), [(1, 3), (6, 4), (5, 9)])
def test_sinkhorn_equals_its_loop(b, k):
    expected = torch.tensor(naive_sinkhorn(scores(b, k, 0), 0.05, 3), dtype=torch.float64)
    torch.testing.assert_close(sinkhorn(scores(b, k, 0), 0.05, 3), expected)


def test_sinkhorn_uses_every_prototype_alike_and_never_overflows():
    lopsided = scores(12, 4, 1)
    lopsided[:, 0] += 3  # every example prefers prototype 0
    codes = sinkhorn(lopsided, 0.5, 200)
    torch.testing.assert_close(codes.sum(0), torch.full((4,), 3.0, dtype=torch.float64))
    torch.testing.assert_close(codes.sum(1), torch.ones(12, dtype=torch.float64))
    assert torch.isfinite(sinkhorn(1e4 * lopsided.float(), 0.05, 3)).all()


@pytest.mark.parametrize("t", [0.1, 0.5])
def test_loss_equals_its_equation(t):
    s1, s2 = scores(6, 4, 1), scores(6, 4, 2)
    codes = [naive_sinkhorn(s, 0.05, 3) for s in (s1, s2)]
    assert swav(s1, s2, t).item() == pytest.approx(naive_swav(s1, s2, t, *codes).item(), rel=1e-9)


@pytest.mark.parametrize(("n_full", "n_local"), [(2, 0), (2, 3), (3, 0), (3, 2)])
def test_multi_crop_predicts_the_full_views_codes_from_all_other_views(n_full, n_local):
    views = [scores(6, 4, seed) for seed in range(n_full + n_local)]
    total, terms = 0.0, 0
    for coded in range(n_full):
        codes = naive_sinkhorn(views[coded], 0.05, 3)
        for other, predicting in enumerate(views):
            if other == coded:
                continue
            terms += 1
            for row, code in zip(predicting, codes, strict=True):
                denominator = sum(math.exp(s / 0.2) for s in row)
                for s, c in zip(row, code, strict=True):
                    total -= c * math.log(math.exp(s / 0.2) / denominator) / len(codes)
    assert terms == n_full * (n_full + n_local - 1)
    found = multi_crop_swav(views[:n_full], views[n_full:], 0.2).item()
    assert found == pytest.approx(total / terms, rel=1e-9)


@pytest.mark.parametrize("spec", SPECS[:2])
def test_local_crops_are_windows_of_further_views(spec):
    objective, _ = build("swav", spec, local_crops=3)
    examples, views = batch(spec), [*two_views(spec, seed=3), *two_views(spec, seed=4)][:3]
    space, asked = tuple(round(bins * 96 / 224) for bins in spec.space), []

    def make_views(_, count=None):
        asked.append(count)
        return list(views[:2]) if count is None else views[:count]

    state = examples.generator.get_state()
    seen = []
    hook = objective.encoder.conv1.register_forward_pre_hook(lambda _, i: seen.append(i[0]))
    loss = objective(examples, make_views)
    hook.remove()
    assert asked == [None, 3]
    assert [tuple(x.shape) for x in seen] == [(32, *spec.shape), (48, spec.channels_in, *space)]
    # The same windows once more, from the same draws.
    examples.generator.set_state(state)
    crops = [local_crop(view, space, examples.generator) for view in views]
    assert torch.equal(seen[1], torch.cat(crops))

    def project(*several):
        z = F.normalize(objective.head(objective.encoder(torch.cat(several))), dim=1)
        return (z @ objective.prototypes.T).chunk(len(several))

    expected = multi_crop_swav(
        project(*views[:2]), project(*crops), objective.settings.temperature
    ).item()
    assert loss.item() == pytest.approx(expected, rel=1e-5)
    # What the log watches is the full views' spread alone.
    assert objective.representation.shape[0] == 32


def test_published_local_crops_are_for_inputs_with_space():
    for domain, crops in (("image", 6), ("audio", 6), ("tabular", 0)):
        plan = make_plan(domain, "viewmaker", "swav", "paper", 0, None, (), {})
        assert plan.settings.get("swav.local_crops") == crops
        assert not plan.overrides
    assert not make_plan("image", "viewmaker", "swav", "small", 0, None, (), {}).settings.get(
        "swav.local_crops"
    )


@pytest.mark.parametrize(("pretrain", "settings", "said"), [
    ("toy-vector", {}, "cannot cut local crops of a Vector(9)"),
    ("toy-grid", {"encoder": "mlp"}, "encoder MLP takes whole examples only"),
])  # fmt: skip
def test_local_crops_that_cannot_be_are_refused_before_anything_runs(pretrain, settings, said):
    before = torch.get_rng_state()
    with pytest.raises(UserError) as error:
        make_plan(
            "toy", "viewmaker", "swav", "smoke", 0, pretrain, (), {"local_crops": 2, **settings}
        )
    assert said in str(error.value)
    assert "use --set swav.local_crops=0" in str(error.value)
    assert torch.equal(torch.get_rng_state(), before)
    # Of another objective's run it says nothing.
    settings = {"local_crops": 2, **settings}
    assert make_plan("toy", "viewmaker", "simclr", "smoke", 0, pretrain, (), settings)


@pytest.mark.parametrize("dataset", [toy.ToyGrid, toy.ToySequence])
@pytest.mark.parametrize("schedule", ["joint", "alternating"])
def test_multi_crop_trains_both_players(dataset, schedule):
    objective, views = build("swav", dataset.spec, local_crops=2)
    before = [[p.clone() for p in player.parameters()] for player in (objective.encoder, views)]
    train(objective, views, dataset, schedule=schedule)
    for player, old in zip((objective.encoder, views), before, strict=True):
        assert (
            max((p - q).abs().max() for p, q in zip(player.parameters(), old, strict=True)) > 1e-3
        )


@pytest.mark.parametrize("spec", SPECS)
def test_both_players_get_their_gradient_through_the_predictions_only(spec):
    """The same loss with the codes as plain numbers gives the same gradients."""
    objective, _ = build("swav", spec)
    v1, v2 = two_views(spec, requires_grad=True)
    loss = objective(batch(spec), given(v1, v2))
    loss.backward()
    found, of_views = gradients(objective), [v.grad.clone() for v in (v1, v2)]
    assert min(g.abs().max() for g in of_views) > 1e-5

    objective.zero_grad()
    v1.grad = v2.grad = None
    z = F.normalize(objective.head(objective.encoder(torch.cat([v1, v2]))), dim=1)
    s1, s2 = (z @ objective.prototypes.T).chunk(2)
    codes = [naive_sinkhorn(s.detach(), 0.05, 3) for s in (s1, s2)]
    expected = naive_swav(s1, s2, objective.settings.temperature, *codes)
    expected.backward()
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)
    for key, gradient in gradients(objective).items():
        torch.testing.assert_close(found[key], gradient, rtol=1e-3, atol=1e-4)
    for view, gradient in zip((v1, v2), of_views, strict=True):
        torch.testing.assert_close(view.grad, gradient, rtol=1e-3, atol=1e-4)


def test_prototypes_are_trained_and_stay_on_the_sphere():
    objective, views = build("swav", toy.ToyVector.spec)
    before = objective.prototypes.detach().clone()
    train(objective, views, toy.ToyVector)
    assert (objective.prototypes - before).abs().max() > 1e-3
    torch.testing.assert_close(objective.prototypes.norm(dim=1), torch.ones(6))


def chosen(batch_size, **settings):
    own = SwAVSettings(projection_dim=4, **settings)
    return count_in(own, common(batch_size=batch_size))


def count_in(own, config):
    spec = toy.ToyVector.spec
    completed = SwAV.complete(own, config, spec, Architecture())
    return len(SwAV(new_encoder(spec, width=1), completed, 100).prototypes)


def test_prototypes_follow_the_batch_unless_they_are_set():
    assert [chosen(size) for size in (2, 3, 32, 64, 128)] == [2, 2, 16, 32, 64]
    assert chosen(32, prototypes=32) == 32


@pytest.mark.parametrize("domain", ["audio", "image", "medical", "sensor", "tabular"])
@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("method", ["viewmaker", "handcrafted", "cutout"])
def test_no_domains_batch_has_fewer_examples_than_prototypes(domain, preset, method):
    plan = make_plan(domain, method, "swav", preset, 0, None, (), {})
    config, own = plan.config, plan.settings.sections["swav"]
    count = count_in(own.model_copy(update={"head": "mlp", "local_crops": 0}), config)
    assert 2 <= count <= config.batch_size
    with pytest.raises(UserError) as error:
        make_plan(domain, method, "swav", preset, 0, None, (), {"prototypes": 300})
    size = config.batch_size
    assert f"--set swav.prototypes={size} or fewer, or --set batch_size=300 or more" in str(
        error.value
    )


def test_more_prototypes_than_examples_are_refused_for_swav_alone():
    settings = {"prototypes": 65, "batch_size": 64}
    with pytest.raises(UserError, match="65 prototypes alike in a batch of 64"):
        chosen(**settings)
    with pytest.raises(UserError, match="65 prototypes alike in a batch of 64"):
        make_plan("toy", "viewmaker", "swav", "smoke", 0, None, (), settings)
    assert make_plan("toy", "viewmaker", "simclr", "smoke", 0, None, (), settings)
    assert make_plan("toy", "supervised", "swav", "smoke", 0, None, (), settings)
