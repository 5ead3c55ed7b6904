"""What every encoder offers: a representation for the objective, features for the probe."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, cast

import torch
from pydantic import Field
from torch import Tensor, nn

from vmbench.data.specs import Spec
from vmbench.errors import UserError
from vmbench.networks.convolution import pool_to
from vmbench.networks.readout import LAST
from vmbench.registry import import_target, registry
from vmbench.settings import Component, Settings


class EncoderSettings(Settings):
    """What all encoders share. A field is an argument of the encoder's constructor."""

    width: int = Field(16, ge=1, description="Channels of the encoder's first stage.")


class HeadSettings(Settings):
    """How the encoder ends for whatever trains it, or would: an objective, a yardstick."""

    head: Literal["mlp", "linear"] = Field(
        "mlp", description="Projection after the encoder; linear is the published encoder's fc."
    )
    projection_dim: int = Field(64, ge=2, description="Dimensions of the projection.")

    @property
    def embedding_dim(self) -> int | None:
        """Outputs of the encoder's own ``fc``; None: it has none."""
        return self.projection_dim if self.head == "linear" else None


class Standardise(nn.Module):
    """``(x - mean) / sd`` by fixed numbers, which are saved with the weights."""

    def __init__(self, mean: Tensor, sd: Tensor) -> None:
        super().__init__()
        self.mean: Tensor
        self.sd: Tensor
        self.register_buffer("mean", mean)
        self.register_buffer("sd", sd)

    def forward(self, x: Tensor) -> Tensor:
        """``x`` (B, *spec.shape), standardised."""
        return (x - self.mean) / self.sd


@dataclass(frozen=True)
class Built:
    """How an encoder was built; JSON takes the fields, and :func:`rebuild_encoder` takes them back.

    Attributes:
        name: as it is registered.
        target: ``module:Class``.
        owner: the distribution that brings the class.
        settings: keyword arguments beside the spec.
    """

    name: str
    target: str
    owner: str
    settings: Mapping[str, Any]


class Encoder(Component, nn.Module):
    """Base of the encoders. A subclass sets ``dim`` and implements :meth:`stages` or :meth:`trunk`.

    It is called with a spec, ``embedding_dim`` and its settings as keywords.

    Every input passes ``inputs`` first, which leaves it as it is unless :meth:`standardise` was
    called, then :meth:`embed` and :meth:`trunk`. :func:`build_encoder` leaves the spec it was
    built for in ``spec``, and how in ``built``.

    Args:
        dim: channels of the last feature map.
        embedding_dim: outputs of the linear layer ``fc`` that the published encoders end with;
            None leaves it out (an objective then brings its own projection head).
    """

    settings_class: ClassVar[type[Settings]] = EncoderSettings
    spec: Spec
    built: Built

    def __init__(self, dim: int, embedding_dim: int | None) -> None:
        super().__init__()
        self.dim = dim
        self.inputs: nn.Module = nn.Identity()
        self.fc = None if embedding_dim is None else nn.Linear(dim, embedding_dim)

    def standardise(self, mean: Tensor, sd: Tensor) -> None:
        """Standardise every input by these from now on.

        Args:
            mean: of the training examples; broadcasts against one example.
            sd: likewise.

        Raises:
            UserError: for an encoder that overrides :meth:`maps`, which nothing then precedes.
        """
        if type(self).maps is not Encoder.maps:
            raise UserError(
                f"encoder {type(self).__name__} overrides maps() and takes its inputs as they are: "
                f"implement trunk() instead, or use --set normalize_after_view=false"
            )
        self.inputs = Standardise(mean, sd)

    def maps(self, x: Tensor) -> Tensor:
        """Feature maps (B, dim, ...) of a batch; (B, dim) where the spec has no space."""
        return self.trunk(self.embed(self.inputs(x)))

    def embed(self, x: Tensor) -> Tensor:
        """The first layers' output, which e-Mix mixes; where there are none, ``x`` itself."""
        return x

    def trunk(self, embedded: Tensor) -> Tensor:
        """Feature maps of what :meth:`embed` returned."""
        if type(self).maps is not Encoder.maps:
            return self.maps(embedded)
        maps = embedded
        for _, maps in self.stages(embedded):  # noqa: B007
            pass
        return maps

    def stages(self, embedded: Tensor) -> Iterator[tuple[str, Tensor]]:
        """The trunk, stage by stage: names and maps (B, C, ...), the last of them the trunk's."""
        raise NotImplementedError

    def named_maps(self, x: Tensor) -> Iterator[tuple[str, Tensor]]:
        """What :meth:`maps` passes through, from one forward pass: stages in order, by name.

        The last are those of :meth:`maps`. They alone are given, as ``last``, where an encoder
        implements no stages, or overrides what its base's stages are part of.
        """
        steps = {"maps", "trunk", "stages"}
        owner = next(each for each in type(self).__mro__ if steps & vars(each).keys())
        if "stages" in vars(owner):
            yield from self.stages(self.embed(self.inputs(x)))
        else:
            yield LAST, self.maps(x)

    def pooled(self, x: Tensor) -> Tensor:
        """(B, dim): the feature maps averaged over space."""
        return self.average(self.maps(x))

    def average(self, maps: Tensor) -> Tensor:
        """The average over space of feature maps (B, dim, ...): (B, dim)."""
        return maps.flatten(2).mean(2) if self.spatial else maps

    @property
    def spatial(self) -> bool:
        """Whether the feature maps have spatial axes."""
        return True

    def forward(self, x: Tensor) -> Tensor:
        """The representation (B, embedding_dim), or (B, dim) without ``fc``."""
        return self.representation(self.maps(x))

    def representation(self, maps: Tensor) -> Tensor:
        """What :meth:`forward` makes of the feature maps."""
        pooled = self.average(maps)
        return pooled if self.fc is None else self.fc(pooled)

    def features(self, x: Tensor, bins: int) -> Tensor:
        """Probe features (B, D): the last maps, before any head, pooled to ``bins`` per axis."""
        maps = self.maps(x)
        return pool_to(maps, bins).flatten(1) if self.spatial else maps


@dataclass(frozen=True)
class Architecture:
    """Which encoder, with which settings, ending how.

    Attributes:
        encoder: a registered name; ``auto`` is the spec's default.
        settings: of that encoder; None: its defaults.
        embedding_dim: outputs of ``fc``; None leaves it out.
    """

    encoder: str = "auto"
    settings: Settings | None = None
    embedding_dim: int | None = None


def encoder_class(name: str, spec: Spec) -> type[Encoder]:
    """The encoder called ``name``; raises :class:`UserError` if it does not serve ``spec``."""
    found = cast(type[Encoder], registry("encoder").load_class(name))
    if spec.kind not in found.specs:
        raise UserError(f"encoder '{name}' does not serve a {spec}: use --set encoder=auto")
    return found


def build_encoder(spec: Spec, architecture: Architecture) -> Encoder:
    """The encoder of ``architecture`` for ``spec``, freshly initialised."""
    name = spec.encoder if architecture.encoder == "auto" else architecture.encoder
    build, entry = encoder_class(name, spec), registry("encoder").entry(name)
    settings = architecture.settings or build.settings_class()
    arguments = {"embedding_dim": architecture.embedding_dim, **settings.model_dump()}
    encoder = build(spec, **arguments)  # type: ignore[arg-type]
    encoder.spec, encoder.built = spec, Built(name, entry.target, entry.owner, arguments)
    return encoder


def rebuild_encoder(spec: Spec, built: Built, *, standardised: bool = False) -> Encoder:
    """The encoder that was ``built``, with other weights; nothing is looked up in the registry.

    Args:
        spec: that it was built for.
        built: by :func:`build_encoder`.
        standardised: whether it standardises its inputs, by numbers that come with its weights.

    Raises:
        UserError: its class cannot be imported here, or is none of an encoder, or of another one.
    """
    named = f"encoder '{built.name}' ({built.target} of {built.owner})"
    try:
        build = import_target(built.target)
    except (ImportError, AttributeError) as error:
        raise UserError(
            f"{named} cannot be imported: {error}: install the package that brings it"
        ) from error
    if not (isinstance(build, type) and issubclass(build, Encoder)):
        raise UserError(f"{named} is no vmbench.networks.encoder.Encoder")
    try:
        with torch.random.fork_rng(devices=[]):  # weights come later: nobody's random numbers
            encoder = build(spec, **built.settings)  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        raise UserError(f"{named} does not take these settings: {error}") from error
    encoder.spec, encoder.built = spec, built
    if standardised:
        shape = (spec.channels_in, *[1] * len(spec.space))
        encoder.standardise(torch.zeros(shape), torch.ones(shape))
    return encoder
