"""The loop: who gets which gradient, resuming bit for bit, failing well."""

import json
import math

import pytest
import torch
import toy
from planning import common, new_encoder

from vmbench.data.examples import prepare
from vmbench.errors import RunError
from vmbench.networks import Viewmaker
from vmbench.objectives import Batch
from vmbench.objectives.simclr import SimCLR
from vmbench.progress import Progress
from vmbench.training import checkpoint
from vmbench.training.device import Placement
from vmbench.training.loop import fit
from vmbench.training.metrics_log import MetricsLog
from vmbench.training.steps import WentWrongError, reverse_gradient, take_steps
from vmbench.views.base import Identity, view_maker
from vmbench.views.viewmaker import AdversarialViews

CPU = Placement(torch.device("cpu"), None)
DATASETS = [toy.ToyGrid, toy.ToySequence, toy.ToyVector]


def make(dataset, **settings):
    epsilon = settings.pop("epsilon", 0.05)
    config = common(**{"batch_size": 32, "epochs": 2, **settings})
    torch.manual_seed(0)
    objective = SimCLR(new_encoder(dataset.spec), SimCLR.settings_class(), 10)
    views = AdversarialViews(Viewmaker(dataset.spec, epsilon, width=4, num_res_blocks=1))
    return config, objective, views


def train(dataset, tmp_path, name="a", quiet=True, **settings):
    config, objective, views = make(dataset, **settings)
    examples = prepare(dataset().bind())
    report = fit(
        objective,
        views,
        examples,
        examples.training(),
        config=config,
        placement=CPU,
        seed=5,
        log=MetricsLog(tmp_path / f"{name}.jsonl"),
        progress=Progress(quiet=quiet),
        state_file=tmp_path / f"{name}.safetensors",
    )
    return report, objective, views


def gradients(module):
    return {k: p.grad.clone() for k, p in module.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("dataset", DATASETS)
def test_one_pass_gives_the_viewmaker_minus_and_the_encoder_plus_the_gradient(dataset):
    """Against two separate passes of the same draws, the encoder's and the viewmaker's own."""
    _, objective, views = make(dataset)
    objective.eval()  # batch norm in training mode would still be equal, but moves its averages
    x = torch.randn(16, *dataset.spec.shape)
    batch = Batch(x, torch.arange(16))

    def backward(between, sign):
        objective.zero_grad()
        views.zero_grad()
        generator = torch.Generator().manual_seed(1)
        (sign * objective(batch, view_maker(views, generator, between))).backward()
        return gradients(objective), gradients(views)

    encoder_joint, viewmaker_joint = backward(reverse_gradient, 1)
    encoder_alone, _ = backward(torch.Tensor.detach, 1)
    _, viewmaker_alone = backward(lambda view: view, -1)
    assert encoder_joint.keys() == encoder_alone.keys()
    assert viewmaker_joint.keys() == viewmaker_alone.keys()
    for joint, alone in ((encoder_joint, encoder_alone), (viewmaker_joint, viewmaker_alone)):
        for name in joint:
            torch.testing.assert_close(joint[name], alone[name], rtol=1e-4, atol=1e-6)
    assert max(g.abs().max() for g in viewmaker_joint.values()) > 1e-6


@pytest.mark.parametrize("schedule", ["joint", "alternating"])
def test_the_viewmaker_ascends_what_the_encoder_descends(schedule, tmp_path):
    """With a frozen rival, training the viewmaker raises the loss; the encoder alone lowers it."""
    settings = {"schedule": schedule, "epochs": 6, "lr_schedule": "constant"}
    adversary, _, _ = train(toy.ToyVector, tmp_path, "up", lr=1e-9, viewmaker_lr=1e-2, **settings)
    encoder, _, _ = train(toy.ToyVector, tmp_path, "down", lr=1e-2, viewmaker_lr=1e-9, **settings)
    first = json.loads((tmp_path / "up.jsonl").read_text().splitlines()[0])["loss"]
    assert adversary.final_loss > first * 1.05
    assert encoder.final_loss < first * 0.95


def test_alternating_leaves_handcrafted_views_one_pass():
    config, objective, _ = make(toy.ToyVector, schedule="alternating")
    examples = prepare(toy.ToyVector().bind())
    calls = []
    objective.register_forward_hook(lambda *_: calls.append(1))
    report = fit(
        objective,
        Identity(),
        examples,
        examples.training(),
        config=config,
        placement=CPU,
        seed=0,
        log=MetricsLog(None),
        progress=Progress(quiet=True),
    )
    assert len(calls) == report.steps


@pytest.mark.parametrize("dataset", DATASETS)
@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_an_interrupted_training_continues_bit_for_bit(dataset, optimizer, tmp_path, monkeypatch):
    whole, objective, views = train(dataset, tmp_path, "whole", optimizer=optimizer)
    stop_after(monkeypatch, 3)
    with pytest.raises(KeyboardInterrupt):
        train(dataset, tmp_path, "halves", optimizer=optimizer)
    monkeypatch.undo()
    assert (tmp_path / "halves.safetensors").exists()
    again, objective2, views2 = train(dataset, tmp_path, "halves", optimizer=optimizer)
    assert (again.final_loss, again.steps) == (whole.final_loss, whole.steps)
    for a, b in ((objective, objective2), (views, views2)):
        for name, value in a.state_dict().items():
            assert torch.equal(value, b.state_dict()[name]), name
    logs = [
        [
            {k: v for k, v in json.loads(line).items() if "seconds" not in k}
            for line in (tmp_path / f"{name}.jsonl").read_text().splitlines()
        ]
        for name in ("whole", "halves")
    ]
    assert logs[0] == logs[1]


def stop_after(monkeypatch, steps):
    """Send this process a real SIGINT in the middle of the given step."""
    import os
    import signal

    calls = iter(range(1000))
    original = SimCLR.loss

    def loss(self, z1, z2):
        if next(calls) == steps:
            os.kill(os.getpid(), signal.SIGINT)
        return original(self, z1, z2)

    monkeypatch.setattr(SimCLR, "loss", loss)


def test_a_loss_that_becomes_nan_fails_and_keeps_the_last_state(tmp_path, monkeypatch):
    calls = iter(range(1000))
    original = SimCLR.loss

    def loss(self, z1, z2):
        value = original(self, z1, z2)
        return value * float("nan") if next(calls) == 7 else value

    monkeypatch.setattr(SimCLR, "loss", loss)
    with pytest.raises(RunError, match="loss became nan at step 8 of 10"):
        train(toy.ToyVector, tmp_path, "nan", checkpoint_minutes=1e-9)
    state = checkpoint.load(tmp_path / "nan.safetensors")
    assert state["step"] == 7
    assert all(torch.isfinite(v.float()).all() for v in state["players"]["objective"].values())


@pytest.mark.parametrize("schedule", ["joint", "alternating"])
def test_an_exploding_gradient_stops_before_the_weights_are_lost(schedule, tmp_path, monkeypatch):
    """The loss is finite, its gradient is not: of the square root at zero it is infinite."""
    calls = iter(range(1000))
    original = SimCLR.loss
    at = 7 if schedule == "joint" else 14  # two passes a step

    def loss(self, z1, z2):
        value = original(self, z1, z2)
        return value + (z1 * 0).sum().sqrt() if next(calls) == at else value

    monkeypatch.setattr(SimCLR, "loss", loss)
    with pytest.raises(RunError, match=r"gradient of the encoder exploded .* at step 8 of 10"):
        train(toy.ToyVector, tmp_path, "inf", checkpoint_minutes=1e-9, schedule=schedule)
    state = checkpoint.load(tmp_path / "inf.safetensors")
    assert state["step"] == 7
    assert all(torch.isfinite(v.float()).all() for v in state["players"]["objective"].values())
    monkeypatch.undo()  # what is kept is good to go on from
    again, _, _ = train(toy.ToyVector, tmp_path, "inf", schedule=schedule)
    whole, _, _ = train(toy.ToyVector, tmp_path, "whole", schedule=schedule)
    assert again.final_loss == whole.final_loss


def test_nobody_steps_where_one_gradient_exploded():
    sound, lost = (torch.nn.Parameter(torch.ones(2)) for _ in range(2))
    optimizers = {name: torch.optim.SGD([p], lr=1.0) for name, p in (("a", sound), ("b", lost))}
    sound.grad, lost.grad = torch.ones(2), torch.tensor([1.0, torch.inf])
    with pytest.raises(WentWrongError, match="gradient of the b exploded"):
        take_steps(torch.tensor(1.0), **optimizers)
    assert sound.tolist() == [1, 1]
    lost.grad = torch.ones(2)
    take_steps(torch.tensor(1.0), **optimizers)
    assert sound.tolist() == lost.tolist() == [0, 0]


@pytest.mark.parametrize("damaged", [1, 2])
def test_of_a_damaged_state_the_one_before_is_used(damaged, tmp_path, monkeypatch, capsys):
    whole, objective, _ = train(toy.ToyVector, tmp_path, "whole")
    stop_after(monkeypatch, 5)
    with pytest.raises(KeyboardInterrupt):
        train(toy.ToyVector, tmp_path, "cut", checkpoint_minutes=1e-9)
    monkeypatch.undo()
    newest = tmp_path / "cut.safetensors"
    earlier = checkpoint.before(newest)
    steps = [checkpoint.load(path)["step"] for path in (newest, earlier)]
    assert steps == [6, 5]
    for path in (newest, earlier)[:damaged]:
        content = bytearray(path.read_bytes())
        content[-1] ^= 1  # the last byte of a tensor: nothing but the checksum tells
        path.write_bytes(content)
    again, objective2, _ = train(toy.ToyVector, tmp_path, "cut", quiet=False)
    said = capsys.readouterr().err.splitlines()
    assert len(said) == damaged
    assert said[0].startswith(f"{newest} is damaged (its checksum is another)")
    assert said[0].endswith("the state before it is used")
    assert damaged == 1 or said[1].endswith("this training starts over")
    assert again.final_loss == whole.final_loss
    for name, value in objective.state_dict().items():
        assert torch.equal(value, objective2.state_dict()[name]), name


def test_cosine_schedule_rises_linearly_over_a_twentieth_and_falls_as_a_cosine(
    tmp_path, monkeypatch
):
    monkeypatch.setattr("vmbench.training.loop.LOG_EVERY", 1)
    train(toy.ToyVector, tmp_path, "log", epochs=40, lr=0.02)
    rates = [json.loads(line)["lr"] for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    warm = [0.02 * step / 10 for step in range(1, 11)]  # 10 of 200 steps
    falling = [0.02 * math.cos(math.pi / 2 * step / 190) ** 2 for step in range(190)]
    assert rates == pytest.approx(warm + falling)
