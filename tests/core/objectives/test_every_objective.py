"""What holds of every objective over views, whatever its loss."""

import os
import signal

import pytest
import torch
import toy
from players import batch, build, given, gradients, train, two_views

from vmbench.data.specs import ALL_KINDS
from vmbench.objectives import ContrastiveObjective
from vmbench.registry import registry
from vmbench.runs.presets import PRESETS
from vmbench.training.steps import reverse_gradient
from vmbench.views.base import view_maker

OBJECTIVES = [entry.name for entry in registry("objective")]
DATASETS = [toy.ToyGrid, toy.ToySequence, toy.ToyVector]
every_objective = pytest.mark.parametrize("name", OBJECTIVES)
every_spec = pytest.mark.parametrize("dataset", DATASETS, ids=lambda d: d.spec.kind)


@every_objective
@every_spec
def test_the_viewmaker_maximises_exactly_what_the_encoder_minimises(name, dataset):
    """One pass with the gradient reversed, against each player's own pass over the same draws."""
    objective, views = build(name, dataset.spec)
    examples = batch(dataset.spec)

    def backward(between, sign):
        objective.zero_grad()
        views.zero_grad()
        generator = torch.Generator().manual_seed(1)
        loss = objective(examples, view_maker(views, generator, between))
        (sign * loss).backward()
        return loss.item(), gradients(objective), gradients(views)

    joint, encoder_joint, viewmaker_joint = backward(reverse_gradient, 1)
    first, encoder_alone, _ = backward(torch.Tensor.detach, 1)
    second, _, viewmaker_alone = backward(lambda view: view, -1)
    assert joint == pytest.approx(first, rel=1e-5) == second
    assert set(encoder_joint) == {k for k, p in objective.named_parameters() if p.requires_grad}
    for one, other in ((encoder_joint, encoder_alone), (viewmaker_joint, viewmaker_alone)):
        assert one.keys() == other.keys()
        for key, gradient in one.items():
            torch.testing.assert_close(gradient, other[key], rtol=1e-3, atol=1e-5)
    for side in (encoder_joint, viewmaker_joint):
        assert max(g.abs().max() for g in side.values()) > 1e-3


@every_objective
def test_queues_banks_and_targets_move_by_the_encoders_pass_alone(name):
    """The viewmaker's pass of an alternating step comes second and sees other views."""
    spec = toy.ToyVector.spec
    after = []
    for passes in ((2,), (2, 9)):
        objective, _ = build(name, spec)
        for seed in passes:
            objective(batch(spec), given(*two_views(spec, seed)))
        objective.after_step(batch(spec))
        after.append(
            {
                key: value
                for key, value in objective.state_dict().items()
                if "running_" not in key and "num_batches" not in key  # batch norm sees both
            }
        )
    for key, value in after[0].items():
        assert torch.equal(value, after[1][key]), key


@every_objective
@pytest.mark.parametrize("schedule", ["joint", "alternating"])
def test_an_interrupted_training_continues_bit_for_bit(name, schedule, tmp_path):
    def start(file, stop_at=None, seed=0):
        objective, views = build(name, toy.ToyVector.spec, seed)
        calls = iter(range(1000))

        def interrupt(*_):
            if next(calls) == stop_at:
                os.kill(os.getpid(), signal.SIGINT)

        objective.register_forward_hook(interrupt)
        paths = (tmp_path / f"{file}.jsonl", tmp_path / f"{file}.safetensors")
        return train(objective, views, toy.ToyVector, *paths, schedule=schedule), objective, views

    whole, objective, views = start("whole")
    with pytest.raises(KeyboardInterrupt):
        start("halves", stop_at=6)
    # Other initial weights, banks and queues: all must come from the state that was saved.
    again, objective2, views2 = start("halves", seed=1)
    assert (again.final_loss, again.feature_std) == (whole.final_loss, whole.feature_std)
    for one, other in ((objective, objective2), (views, views2)):
        for key, value in one.state_dict().items():
            assert torch.equal(value, other.state_dict()[key]), key
    # Of a training found finished, the spread is known too.
    assert start("halves", seed=2)[0].feature_std == whole.feature_std


@every_objective
def test_index_says_what_the_class_says(name):
    entry, objective = registry("objective").entry(name), registry("objective").load_class(name)
    assert entry.facts == {"kind": objective.kind, "specs": ALL_KINDS, "paper": objective.paper}
    assert objective.name == name
    for chosen in PRESETS.values():
        objective.declared()(**chosen.get(name, {}))


@every_objective
def test_the_docstring_says_through_which_branch_the_viewmaker_learns(name):
    """Of an objective with two plain branches there is nothing to say."""
    objective = registry("objective").load_class(name)
    said = "The viewmaker gets its gradient through" in " ".join(objective.__doc__.split())
    assert said == (not issubclass(objective, ContrastiveObjective))
