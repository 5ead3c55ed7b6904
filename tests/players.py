"""The two players of a small training on the toy domain, for the tests of the objectives."""

import torch

from vmbench.config import make_config
from vmbench.data.examples import prepare
from vmbench.networks import Viewmaker, build_encoder
from vmbench.objectives import Batch
from vmbench.progress import Progress
from vmbench.registry import registry
from vmbench.runs.presets import preset
from vmbench.training.device import Placement
from vmbench.training.loop import fit
from vmbench.training.metrics_log import MetricsLog
from vmbench.views.viewmaker import AdversarialViews

N_EXAMPLES = 180  # in the train split of each toy dataset
SMALL = {"batch_size": 32, "epochs": 2, "projection_dim": 8, "prototypes": 6, "negatives": 50}


def build(name, spec, seed=0, **settings):
    """A fresh objective called ``name`` and its adversary, in training mode."""
    config = make_config(preset("smoke"), SMALL, settings)
    torch.manual_seed(seed)
    objective = registry("objective").load_class(name)(
        build_encoder(spec, config), config, N_EXAMPLES
    )
    views = AdversarialViews(Viewmaker(spec, config.epsilon, width=4, num_res_blocks=1))
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


def train(objective, views, dataset, log=None, state_file=None, seed=5):
    examples = prepare(dataset().bind())
    assert len(examples.training()) == N_EXAMPLES
    return fit(
        objective,
        views,
        examples,
        examples.training(),
        config=objective.config,
        placement=Placement(torch.device("cpu"), None),
        seed=seed,
        log=MetricsLog(log),
        progress=Progress(quiet=True),
        state_file=state_file,
    )
