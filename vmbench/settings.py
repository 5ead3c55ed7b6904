"""What a component (objective, encoder, method, evaluation) says of itself and of its settings.

The settings of a run are the common ones (:class:`vmbench.config.Config`) and, for each component
that the run uses, a section called by its name: ``byol.momentum``, ``viewmaker.epsilon``.
"""

from collections.abc import Mapping
from copy import copy
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict

from vmbench.data.specs import ALL_KINDS


class Settings(BaseModel):
    """Base of everybody's settings: fields with a default and a sentence; frozen; typos fail.

    Components that share settings inherit them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    def changed(self) -> dict[str, Any]:
        """Those that are not at their default, by name: what tells one run from another."""
        return self.model_dump(exclude_defaults=True)


class Component:
    """Base of what is registered by name and has settings of its own.

    Class attributes:
        name: as it is registered.
        summary: one line for listings; by default the first of the docstring.
        paper: where it comes from.
        specs: kinds of spec that it serves.
        settings_class: its settings; their default is that of the class.
        presets: preset -> settings of its own that its paper or a search has chosen for it.
        needs_space: those of its settings that presets leave as they are for inputs without space.

    ``settings`` are those of the run.
    """

    name: ClassVar[str]
    summary: ClassVar[str] = ""
    paper: ClassVar[str] = ""
    specs: ClassVar[tuple[str, ...]] = ALL_KINDS
    settings_class: ClassVar[type[Settings]] = Settings
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    needs_space: ClassVar[tuple[str, ...]] = ()
    settings: Settings

    @classmethod
    def declared(cls) -> type[Settings]:
        """The settings that its section holds."""
        return cls.settings_class


class Configured(Component):
    """Base of the components that are made without arguments, and then get their settings."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = self.declared()() if settings is None else settings

    def configured(self, settings: Settings) -> Self:
        """A copy with these settings."""
        other = copy(self)
        other.settings = settings
        return other
