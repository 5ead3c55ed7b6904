"""Plans for the tests, from arguments in a row."""

from vmbench.config import Config
from vmbench.networks.encoder import Architecture, Encoder, build_encoder, encoder_class
from vmbench.runs.presets import preset as preset_settings
from vmbench.runs.request import RunRequest
from vmbench.runs.sections import common_settings


def common(preset: str = "smoke", **settings) -> Config:
    """The common settings of a preset, with changes."""
    return common_settings([preset_settings(preset)], settings)


def new_encoder(spec, name="auto", embedding_dim=None, **settings) -> Encoder:
    """A narrow encoder."""
    name = spec.encoder if name == "auto" else name
    own = encoder_class(name, spec).declared()(**{"width": 4, **settings})
    return build_encoder(spec, Architecture(name, own, embedding_dim))


def make_plan(
    domain, method, objective, preset, seed, pretrain, transfer, settings, data_dir=None, **more
):
    """The resolved request."""
    return RunRequest(
        domain=domain,
        method=method,
        objective=objective,
        preset=preset,
        seed=seed,
        pretrain=pretrain,
        transfer=tuple(transfer),
        settings=settings,
        data_dir=data_dir,
        **more,
    ).resolve()
