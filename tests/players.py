"""The two players of a small training on the toy domain, for the tests of the objectives."""

import torch
from planning import common, new_encoder

from vmbench.data.examples import prepare
from vmbench.networks import Architecture, Viewmaker
from vmbench.objectives import Batch
from vmbench.progress import Progress
from vmbench.registry import registry
from vmbench.training.device import Placement
from vmbench.training.loop import fit
from vmbench.training.metrics_log import MetricsLog
from vmbench.views.viewmaker import AdversarialViews

N_EXAMPLES = 180  # in the train split of each toy dataset
COMMON = common(batch_size=32, epochs=2)
SMALL = {"projection_dim": 8, "prototypes": 6, "negatives": 50}
EPSILON = 0.05


def build(name, spec, seed=0, **settings):
    """A fresh objective called ``name`` and its adversary, in training mode."""
    loss = registry("objective").load_class(name)
    known = loss.declared().model_fields
    small = {k: v for k, v in SMALL.items() if k in known}
    own = loss.declared()(**small | settings)
    own = loss.complete(own, COMMON, spec, Architecture())
    torch.manual_seed(seed)
    objective = loss(new_encoder(spec), own, N_EXAMPLES)
    views = AdversarialViews(Viewmaker(spec, EPSILON, width=4, num_res_blocks=1))
    return objective.train(), views.train()


def batch(spec, size=16, seed=1, **time):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(size, *spec.shape, generator=generator)
    return Batch(x, torch.randperm(N_EXAMPLES, generator=generator)[:size], **time)


def given(*views):
    """A ``make_views`` that returns these tensors, or the first so many."""
    return lambda x, count=None: list(views[:count])


def two_views(spec, seed=2, requires_grad=False):
    generator = torch.Generator().manual_seed(seed)
    return [
        torch.randn(16, *spec.shape, generator=generator).requires_grad_(requires_grad)
        for _ in range(2)
    ]


def gradients(module):
    return {k: p.grad.clone() for k, p in module.named_parameters() if p.grad is not None}


def train(objective, views, dataset, log=None, state_file=None, seed=5, schedule="joint"):
    examples = prepare(dataset().bind())
    assert len(examples.training()) == N_EXAMPLES
    return fit(
        objective,
        views,
        examples,
        examples.training(),
        config=COMMON.model_copy(update={"schedule": schedule}),
        placement=Placement(torch.device("cpu"), None),
        seed=seed,
        log=MetricsLog(log),
        progress=Progress(quiet=True),
        state_file=state_file,
    )
