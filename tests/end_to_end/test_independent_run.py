"""A whole run against one written in numpy, torch and scikit-learn alone.

``independent_run`` shares with vmbench the definition of the toy data, the published algorithms,
and these conventions, without which no random stream matches: the seed is given to
``torch.manual_seed`` before the encoder is built and again before the head is; the order of epoch
e is numpy's ``default_rng([seed, e]).permutation``; noise comes from one ``torch.Generator`` of
the seed, first view first; an epoch's last, smaller batch is left out. What cannot be matched is
the order of floating-point sums: losses agree to float32's rounding, which grows with the steps.
"""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from sklearn.linear_model import LogisticRegression
from torch import nn

import vmbench

SEED, BATCH, EPOCHS, LR, DECAY, TEMPERATURE = 3, 32, 6, 4e-3, 1e-3, 0.3
WIDTH, PROJECTION, PENALTIES = 32, 24, 12
NOISE = 0.25 * 0.8  # the published strength, times what the run asks for


def toy_rows():
    """300 rows of 9 values: the pattern of one of three classes, in noise; every fifth held out."""
    rng = np.random.default_rng(7)
    patterns = rng.standard_normal((3, 9))
    rows = []
    for _ in range(300):
        label = int(rng.integers(3))
        rows.append((patterns[label] + rng.standard_normal(9), label))
    x, y = (np.array(column) for column in zip(*rows, strict=True))
    split = np.array(["train", "train", "train", "val", "test"] * 60)
    return x.astype(np.float32), y, split


class Residual(nn.Module):
    """Linear, three blocks h + W2 relu(W1 norm(h)), norm, ReLU (Gorishniy et al. 2021)."""

    def __init__(self):
        super().__init__()
        self.enter = nn.Linear(9, WIDTH)
        self.norms, self.widen, self.narrow = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        for _ in range(3):
            self.norms.append(nn.BatchNorm1d(WIDTH))
            self.widen.append(nn.Linear(WIDTH, 2 * WIDTH))
            self.narrow.append(nn.Linear(2 * WIDTH, WIDTH))
        self.leave = nn.BatchNorm1d(WIDTH)

    def forward(self, x):
        h = self.enter(x)
        for norm, widen, narrow in zip(self.norms, self.widen, self.narrow, strict=True):
            h = h + narrow(torch.relu(widen(norm(h))))
        return torch.relu(self.leave(h))


def nt_xent(z):
    """Equation 1 of Chen et al. 2020, pair by pair: rows i and i + B are views of one example."""
    z = z / z.norm(dim=1, keepdim=True)
    similarity = torch.exp(z @ z.T / TEMPERATURE)
    others = similarity.sum(1) - similarity.diagonal()
    half = len(z) // 2
    partner = torch.cat([similarity.diagonal(half), similarity.diagonal(-half)])
    return -torch.log(partner / others).mean()


def learning_rate(step, steps):
    """Linear over the first 5%, then half a cosine (Loshchilov and Hutter 2017)."""
    warm = max(1, round(0.05 * steps))
    if step < warm:
        return LR * (step + 1) / warm
    return LR / 2 * (1 + np.cos(np.pi * (step - warm) / (steps - warm)))


def independent_run():
    x, y, split = toy_rows()
    seen = x[split == "train"].astype(np.float64)
    x = torch.from_numpy(((x - seen.mean(0)) / seen.std(0)).astype(np.float32))
    train = x[torch.from_numpy(split == "train")]
    torch.manual_seed(SEED)
    encoder = Residual()
    torch.manual_seed(SEED)
    head = nn.Sequential(nn.Linear(WIDTH, WIDTH, bias=False), nn.BatchNorm1d(WIDTH), nn.ReLU(),
                         nn.Linear(WIDTH, PROJECTION))  # fmt: skip
    weights = [*encoder.parameters(), *head.parameters()]
    optimizer = torch.optim.AdamW(weights, weight_decay=DECAY)
    noise, losses = torch.Generator().manual_seed(SEED), []
    per_epoch = len(train) // BATCH
    for epoch in range(EPOCHS):
        order = np.random.default_rng([SEED, epoch]).permutation(len(train))
        for batch in order[: per_epoch * BATCH].reshape(per_epoch, BATCH):
            clean = train[torch.from_numpy(batch)]
            views = [clean + NOISE * torch.randn(clean.shape, generator=noise) for _ in range(2)]
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(len(losses), per_epoch * EPOCHS)
            loss = nt_xent(head(encoder(torch.cat(views))))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    with torch.no_grad():
        features = encoder.eval()(x).double().numpy()
    parts = {name: (features[split == name], y[split == name]) for name in ("train", "val", "test")}
    return losses, *choose_and_test(parts), encoder


def fitted(x, y, penalty):
    """Predicted class probabilities of new features; standardised by ``x``."""
    mean, sd = x.mean(0), x.std(0)
    sd[sd < 1e-6] = 1  # a unit that never fires
    model = LogisticRegression(C=1 / (len(x) * penalty), tol=1e-8, max_iter=10_000)
    model.fit((x - mean) / sd, y)
    return lambda new: model.predict_proba((new - mean) / sd)


def choose_and_test(parts):
    """The strongest penalty within a standard error of val's best, and its accuracy on test."""
    grid = 10 ** np.linspace(1, -6, PENALTIES)
    (x, y), (val, truth), (test, answers) = (parts[name] for name in ("train", "val", "test"))
    p = [fitted(x, y, penalty)(val) for penalty in grid]
    right = np.array([each.argmax(1) == truth for each in p]).astype(float)
    losses = np.array([-np.log(each[np.arange(len(truth)), truth]) for each in p])
    best = max(range(PENALTIES), key=lambda i: (right[i].mean(), -losses[i].mean()))
    gaps = np.stack([right[best] - right, losses - losses[best]])
    error = gaps.std(2, ddof=1) / np.sqrt(len(truth))
    chosen = int((gaps.mean(2) <= error * (1 + 1e-9)).all(0).argmax())
    both = np.concatenate([x, val]), np.concatenate([y, truth])
    predicted = fitted(*both, grid[chosen])(test).argmax(1)
    return grid[chosen], right[chosen].mean(), (predicted == answers).mean()


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """The independent run, vmbench's result and vmbench's losses, a number a step."""
    out = tmp_path_factory.mktemp("runs")
    settings = {
        "batch_size": BATCH, "epochs": EPOCHS, "lr": LR, "weight_decay": DECAY, "strength": 0.8,
        "temperature": TEMPERATURE, "width": WIDTH // 16, "projection_dim": PROJECTION,
        "max_examples": None, "probe_penalties": PENALTIES, "precision": "float32",
    }  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("vmbench.training.loop.LOG_EVERY", 1)
        result = vmbench.run(
            "toy", "gaussian-noise", seed=SEED, preset="smoke", pretrain="toy-vector",
            transfer=["toy-vector"], settings=settings, out=out,
        )  # fmt: skip
    (log,) = out.glob("pretrainings/*/metrics.jsonl")
    (weights,) = out.glob("pretrainings/*/encoder.safetensors")
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    return independent_run(), result, [line["loss"] for line in lines], load_file(weights)


def test_every_step_has_the_same_loss(both):
    (losses, *_), _, logged, _ = both
    assert len(logged) == EPOCHS * (180 // BATCH)
    np.testing.assert_allclose(logged, losses, rtol=1e-5)
    assert losses[-1] < losses[0]


def test_the_encoders_end_the_same(both):
    """All weights but the biases that a batch norm takes away again: their gradient is rounding.

    AdamW makes steps of it all the same, and the running means lag a little behind.
    """
    (*_, encoder), _, _, weights = both
    layers = {"first": encoder.enter, "last.0": encoder.leave}
    for i in range(3):
        layers[f"blocks.{i}.0"] = encoder.norms[i]
        layers[f"blocks.{i}.1"] = encoder.widen[i]
        layers[f"blocks.{i}.3"] = encoder.narrow[i]
    expected = {f"{n}.{k}": v for n, layer in layers.items() for k, v in layer.state_dict().items()}
    assert weights.keys() == expected.keys()
    free = ["first.bias", *(f"blocks.{i}.3.bias" for i in range(3))]
    for name, value in expected.items():
        if name not in free and not name.endswith("running_mean"):
            torch.testing.assert_close(weights[name], value, rtol=1e-3, atol=1e-3)
    x, _, split = toy_rows()
    x = torch.from_numpy((x - x[split == "train"].mean(0)) / x[split == "train"].std(0))
    with torch.no_grad():
        ours = encoder(x)
        for name, layer in layers.items():
            kept = {k: weights[f"{name}.{k}"] for k in layer.state_dict()}
            layer.load_state_dict(kept)
        # Single numbers move more with the processor's rounding than all of them together.
        assert (encoder(x) - ours).norm() < 0.01 * ours.norm()


def test_the_probe_chooses_and_answers_alike(both):
    (_, penalty, val_value, accuracy, _), result, _, _ = both
    (task,) = result.tasks
    assert task.probe.penalty == pytest.approx(penalty)
    assert task.probe.val_value == pytest.approx(val_value)
    assert task.value == pytest.approx(accuracy)
    assert task.probe.converged
