"""Methods that bring their own objective: mixup, e-Mix, masked autoencoding, ShED."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from planning import new_encoder
from torch import nn

import vmbench
from vmbench.data.specs import Grid, Sequence, Vector
from vmbench.objectives import Batch
from vmbench.views.base import Identity
from vmbench.views.method import PretextMethod
from vmbench_baselines.emix import EMix, EMixMethod
from vmbench_baselines.mae import MAE, MaskedReconstruction
from vmbench_baselines.mixup import IMix, Mixup, draw_mixture, mixed_n_pair
from vmbench_baselines.shed import ShED, ShuffleDetection, rotate
from vmbench_baselines.tokens import TokenDecoder, Tokens

METHODS = [Mixup, EMixMethod, MAE, ShED]
SPECS = [Grid(2, 12, 10), Sequence(2, 30), Vector(9)]
SIZES = st.integers(1, 40)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def make(objective, spec, encoder="auto", **changes):
    known = objective.declared().model_fields
    changes = {"temperature": 0.5, **changes} if "temperature" in known else changes
    own = objective.declared()(**changes)
    torch.manual_seed(0)
    return objective(new_encoder(spec, encoder, own.embedding_dim), own, 100)


def batch_of(spec, seed=0, size=16):
    return Batch(torch.randn(size, *spec.shape, generator=generator(seed)), torch.arange(size))


def loss_of(objective, batch, seed=0):
    def make_views(x, count=2):
        return count * [x]

    return objective(Batch(batch.x, batch.index, generator(seed)), make_views)


# Tokens


@settings(max_examples=40, deadline=None)
@given(
    spec=st.builds(Grid, st.integers(1, 3), SIZES, SIZES)
    | st.builds(Sequence, st.integers(1, 3), st.integers(1, 200))
    | st.builds(Vector, SIZES)
)
def test_tokens_are_disjoint_cover_nearly_all_and_come_back(spec):
    tokens = Tokens.of(spec)
    x = torch.arange(2.0 * spec.numel).view(2, *spec.shape)
    split = tokens.split(x)
    assert split.shape == (2, tokens.count, tokens.numel)
    values = split[0].flatten().tolist()
    assert len(set(values)) == len(values)
    for bins, size, count in zip(spec.space, tokens.sizes, tokens.counts, strict=False):
        assert 0 <= bins - size * count < size
    assert torch.equal(tokens.join(split, x), x)
    moved = tokens.join(split + 1, x)
    inside = tokens.spread(torch.ones(2, tokens.count, dtype=torch.bool), x)
    assert torch.equal(moved - x, inside.float())
    assert torch.equal(x, torch.arange(2.0 * spec.numel).view(2, *spec.shape))


def test_a_token_of_a_grid_is_a_patch_with_all_its_channels():
    x = torch.randn(1, 2, 32, 16)
    tokens = Tokens.of(Grid(2, 32, 16))
    assert (tokens.sizes, tokens.counts) == ((4, 2), (8, 8))
    for row in range(8):
        for column in range(8):
            patch = x[0, :, 4 * row : 4 * row + 4, 2 * column : 2 * column + 2]
            assert torch.equal(tokens.split(x)[0, 8 * row + column], patch.flatten())


def test_the_decoder_looks_where_the_token_is():
    """A bright spot in the maps changes the numbers of the tokens there and of no distant ones."""
    spec = Grid(1, 32, 32)
    encoder = new_encoder(spec)
    torch.manual_seed(0)
    decoder = TokenDecoder(encoder, Tokens.of(spec), 1)
    maps = torch.zeros(1, encoder.dim, 8, 8)
    spot = maps.clone()
    spot[:, :, 6, 1] = 5.0
    changed = (decoder(spot) - decoder(maps)).abs()[0, :, 0].view(8, 8) > 1e-6
    rows, columns = changed.nonzero().T.tolist()
    assert changed[6, 1]
    assert set(rows) <= {5, 6, 7}
    assert set(columns) <= {0, 1, 2}


# Each loss against its equation


def test_mixed_n_pair_is_its_equation():
    z, candidates = torch.randn(2, 6, 5, generator=generator())
    share, partner = torch.rand(6, generator=generator()), torch.tensor([3, 0, 1, 2, 5, 4])

    def cosine(a, b):
        return torch.dot(a, b).item() / (a.norm().item() * b.norm().item())

    total = 0.0
    for i in range(6):
        scores = [math.exp(cosine(z[i], c) / 0.5) for c in candidates]
        for weight, j in ((share[i].item(), i), (1 - share[i].item(), partner[i].item())):
            total -= weight * math.log(scores[j] / sum(scores))
    found = mixed_n_pair(z, candidates, share, partner, 0.5).item()
    assert found == pytest.approx(total / 6, rel=1e-5)


def test_a_mixture_has_a_larger_half_of_its_own_and_one_partner():
    share, partner = draw_mixture(2000, generator())
    assert sorted(partner.tolist()) == list(range(2000))
    assert 0.5 <= share.min() < 0.51
    assert 0.99 < share.max() <= 1
    # Beta(1, 1), folded at a half, is uniform on its upper half.
    assert share.mean().item() == pytest.approx(0.75, abs=0.01)


@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_imix_mixes_first_views_and_contrasts_them_with_second_ones(spec):
    objective, batch = make(IMix, spec), batch_of(spec)
    found = loss_of(objective, batch, seed=4)
    share, partner = draw_mixture(16, generator(4))
    mixed = torch.stack(
        [share[i] * batch.x[i] + (1 - share[i]) * batch.x[partner[i]] for i in range(len(batch.x))]
    )
    z, candidates = (objective.head(objective.encoder(x)) for x in (mixed, batch.x))
    expected = mixed_n_pair(z, candidates, share, partner, 0.5)
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_emix_mixes_embeddings_and_the_partner_sends_no_gradient(spec):
    objective, batch = make(EMix, spec), batch_of(spec)
    captured = []

    def embed(x, original=objective.encoder.embed):
        captured.append(original(x).detach().requires_grad_())
        return captured[-1]

    objective.encoder.embed = embed
    loss_of(objective, batch, seed=4).backward()
    (embedded,) = captured
    found = embedded.grad
    share, partner = draw_mixture(16, generator(4))
    leaf, frozen = embedded.detach().clone().requires_grad_(), embedded.detach()[partner]
    weights = share.view(-1, *[1] * (leaf.dim() - 1))
    z, candidates = (
        objective.head(objective.encoder.representation(objective.encoder.trunk(h)))
        for h in (weights * leaf + (1 - weights) * frozen, leaf)
    )
    mixed_n_pair(z, candidates, share, partner, 0.5).backward()
    torch.testing.assert_close(found, leaf.grad, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_mae_counts_errors_of_masked_tokens_alone(spec):
    objective, batch = make(MaskedReconstruction, spec), batch_of(spec)
    hidden = []
    hide = objective.hide

    def spy(x, mask):
        hidden.append(mask)
        return hide(x, mask)

    objective.hide = spy
    guess = torch.randn(16, objective.tokens.count, objective.tokens.numel)

    class Guess(nn.Module):
        def forward(self, maps):
            return guess

    objective.decoder = Guess()
    found = loss_of(objective, batch).item()
    (mask,) = hidden
    share = 0.5 if spec.kind == "vector" else 0.75
    assert set(mask.sum(1).tolist()) == {round(share * objective.tokens.count)}
    assert not torch.equal(mask[0], mask[1])
    target, errors = objective.tokens.split(batch.x), []
    for b in range(16):
        for t in range(objective.tokens.count):
            if mask[b, t]:
                errors += [(g - v) ** 2 for g, v in zip(guess[b, t], target[b, t], strict=True)]
    assert found == pytest.approx(torch.stack(errors).mean().item(), rel=1e-5)


@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_mae_hides_what_it_asks_for(spec):
    """What a masked token holds changes nothing of what the encoder sees."""
    objective, batch = make(MaskedReconstruction, spec), batch_of(spec)
    with torch.no_grad():
        objective.mask_value.fill_(7.0)
    mask = torch.rand(16, objective.tokens.count, generator=generator()) < 0.6
    seen = objective.hide(batch.x, mask)
    where = objective.tokens.spread(mask, batch.x)
    assert (seen[where] == 7).all()
    assert torch.equal(seen[~where], batch.x[~where])


@settings(max_examples=30, deadline=None)
@given(count=st.integers(2, 30), data=st.data())
def test_rotation_moves_every_chosen_token_and_no_other(count, data):
    chosen = data.draw(st.permutations(range(count)))[: data.draw(st.integers(2, count))]
    tokens = torch.arange(count)[None, :, None].expand(1, count, 2)
    moved = rotate(tokens, torch.tensor([chosen]))[0, :, 0].tolist()
    assert sorted(moved) == list(range(count))
    for place, origin in enumerate(moved):
        assert (place == origin) == (place not in chosen)


@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_shed_asks_which_tokens_moved(spec):
    objective, batch = make(ShuffleDetection, spec), batch_of(spec)
    inputs = []
    maps = objective.encoder.maps
    objective.encoder.maps = lambda x: inputs.append(x) or maps(x)
    logits = torch.randn(16, objective.tokens.count, 1)

    class Guess(nn.Module):
        def forward(self, maps):
            return logits

    objective.detector = Guess()
    found = loss_of(objective, batch).item()
    before, after = objective.tokens.split(batch.x), objective.tokens.split(inputs[0])
    moved = (before != after).any(2)
    count = max(2, math.ceil(0.15 * objective.tokens.count))
    assert set(moved.sum(1).tolist()) == {count}
    total = 0.0
    for logit, label in zip(logits.flatten().tolist(), moved.flatten().tolist(), strict=True):
        p = 1 / (1 + math.exp(-logit))
        total -= math.log(p if label else 1 - p)
    assert found == pytest.approx(total / moved.numel(), rel=1e-4)


# All four alike


@pytest.mark.parametrize("spec", SPECS, ids=str)
@pytest.mark.parametrize("method", METHODS, ids=lambda m: m.name)
def test_every_part_learns_and_one_seed_repeats(method, spec):
    assert issubclass(method, PretextMethod)
    assert not method.yardstick
    assert not method().takes_objective
    assert isinstance(method().views(None), Identity)
    objective, batch = make(method.objective, spec), batch_of(spec)
    objective.eval()
    state = torch.get_rng_state()
    first, again, other = (loss_of(objective, batch, seed) for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), state)
    assert first.item() == again.item() != other.item()
    objective.train()
    loss_of(objective, batch).backward()
    for name, p in objective.named_parameters():
        assert p.grad is not None, name
        assert p.grad.isfinite().all(), name
    assert (
        objective.encoder.get_parameter(
            next(name for name, _ in objective.encoder.named_parameters())
        )
        .grad.abs()
        .max()
    )
    assert objective.feature_std > 0


@pytest.mark.parametrize("method", METHODS, ids=lambda m: m.name)
def test_a_linear_head_and_a_flattening_encoder_will_do(method):
    objective = make(method.objective, Grid(1, 9, 8), head="linear", encoder="mlp")
    assert loss_of(objective, batch_of(Grid(1, 9, 8))).isfinite()


@pytest.mark.parametrize("method", METHODS, ids=lambda m: m.name)
def test_a_run_names_no_objective_and_draws_no_views(method, tmp_path):
    result = vmbench.run(
        "toy",
        method.name,
        preset="smoke",
        transfer=["toy-vector"],
        settings={"batch_size": 32, "epochs": 1},
        out=tmp_path,
    )
    assert result.objective is None
    assert "--objective" not in result.command
    folder = tmp_path / result.run_id
    assert (folder / "metrics.jsonl").exists()
    assert not (folder / "views.png").exists()


@pytest.mark.parametrize("spec", SPECS)
def test_the_share_that_is_masked_or_moved_is_a_setting(spec):
    count = Tokens.of(spec).count
    assert make(MaskedReconstruction, spec, mask_share=0.3).masked == round(0.3 * count)
    usual = 0.75 if spec.space else 0.5
    assert make(MaskedReconstruction, spec).masked == round(usual * count)
    assert make(ShuffleDetection, spec, shuffled_share=0.6).shuffled == math.ceil(0.6 * count)


@pytest.mark.parametrize("alpha", [0.2, 1.0, 4.0])
def test_shares_of_mixtures_are_of_the_symmetric_beta(alpha):
    """Its variance is 1 / (4 (2 alpha + 1)); the larger half is as far from 1/2."""
    share, _ = draw_mixture(40_000, generator(), alpha)
    assert ((share >= 0.5) & (share <= 1)).all()
    assert (share - 0.5).square().mean().item() == pytest.approx(
        1 / (4 * (2 * alpha + 1)), rel=0.03
    )
    assert torch.equal(draw_mixture(40_000, generator(), alpha)[0], share)
