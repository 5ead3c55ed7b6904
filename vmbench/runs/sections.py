"""Whose a setting is: from the layers of a preset and what was asked to each component's own.

A name is that of a common setting (``lr``), ``SECTION.field`` for the component called so
(``byol.momentum``), or ``KINDS.field`` for every component of a kind that the run uses and that
has the field (``objectives.temperature``). The flat names of earlier versions stand for one of
these.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, cast

from vmbench.config import Config, checked
from vmbench.data.specs import Spec
from vmbench.errors import UserError
from vmbench.registry import registry
from vmbench.settings import Component, Settings

# A section that stands for all components of a kind: what they are called together -> the kind.
KINDS = {
    "methods": "method",
    "objectives": "objective",
    "encoders": "encoder",
    "evaluations": "evaluation",
}
FORMER = {
    "width": "encoders.width",
    "stem": "encoders.stem",
    "epsilon": "methods.epsilon",
    "viewmaker_width": "methods.width",
    "num_res_blocks": "methods.num_res_blocks",
    "frequency_domain": "methods.frequency_domain",
    "downsample_to": "methods.downsample_to",
    "viewmaker_bound": "methods.bound",
    "viewmaker_lr": "methods.lr",
    "strength": "methods.strength",
    "augmentation": "methods.augmentation",
    "temperature": "objectives.temperature",
    "head": "objectives.head",
    "projection_dim": "objectives.projection_dim",
    "negatives": "objectives.negatives",
    "bank_momentum": "objectives.bank_momentum",
    "target_momentum": "objectives.momentum",
    "prototypes": "objectives.prototypes",
    "local_crops": "objectives.local_crops",
    "probe_penalties": "evaluations.penalties",
    "probe_max_iter": "evaluations.max_iter",
    "finetune_batch_size": "finetune.batch_size",
    "finetune_epochs": "finetune.epochs",
}


@dataclass(frozen=True)
class Part:
    """A component that a run uses.

    Attributes:
        name: of the component, and of its section.
        component: its class.
        kinds: as which it is used; a method that brings its own objective is that, too.
    """

    name: str
    component: type[Component]
    kinds: frozenset[str]

    @property
    def fields(self) -> Iterable[str]:
        """The names of its settings."""
        return self.component.declared().model_fields


@dataclass(frozen=True)
class RunSettings:
    """The settings of a run: the common ones, and a section for each component that it uses."""

    common: Config
    sections: Mapping[str, Settings]

    def get(self, name: str) -> Any:
        """The value of ``lr`` or ``byol.momentum``."""
        section, _, field = name.rpartition(".")
        return getattr(self.sections[section] if section else self.common, field)

    def everything(self) -> dict[str, Any]:
        """All values, in sections."""
        sections = {name: own.model_dump() for name, own in self.sections.items()}
        return self.common.model_dump() | {name: own for name, own in sections.items() if own}


def changed(sections: Mapping[str, Settings]) -> dict[str, Any]:
    """What is not at its default, by section; a setting that is new to anybody changes nothing."""
    found = {name: own.changed() for name, own in sections.items()}
    return {name: own for name, own in found.items() if own}


def flat(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Tables as ``section.field``.

    >>> flat({"lr": 0.1, "byol": {"momentum": 0.99}})
    {'lr': 0.1, 'byol.momentum': 0.99}
    """
    found: dict[str, Any] = {}
    for key, value in settings.items():
        if isinstance(value, Mapping):
            found |= {f"{key}.{field}": inside for field, inside in flat(value).items()}
        else:
            found[key] = value
    return found


def typed(settings: Mapping[str, Any], *, plugins: bool = False) -> dict[str, Any]:
    """``settings`` as ``section.field``; those of whom they name have their types.

    Args:
        settings: nested or not; values may be texts.
        plugins: some of the sections may be of a plugin that is not registered yet.

    Raises:
        UserError: for an unknown name or a value out of range.
    """
    named = flat(settings)
    check_names(name for name in named if not plugins or "." not in name)
    common = common_settings([], named)
    found = {name: getattr(common, name, value) for name, value in named.items()}
    for name, value in named.items():
        section, dot, field = name.partition(".")
        component = _component(section) if dot and section not in KINDS else None
        if component is not None:
            own = component.declared()
            if field not in own.model_fields:
                raise unknown_setting(name)
            found[name] = getattr(checked(own, {field: value}, section), field)
    return found


def _component(name: str) -> type[Component] | None:
    """The registered component called ``name``."""
    for kind in KINDS.values():
        if name in registry(kind):
            loaded = registry(kind).load_class(name)
            return cast(type[Component], loaded if isinstance(loaded, type) else type(loaded))
    return None


def check_names(settings: Iterable[str]) -> None:
    """Raise :class:`UserError` for a name that can be nobody's; imports no component."""
    for name in settings:
        section, dot, _ = name.partition(".")
        known = _is_section(section) if dot else name in Config.model_fields or name in FORMER
        if not known:
            raise unknown_setting(name)


def check_settings(settings: Mapping[str, Any]) -> None:
    """Raise :class:`UserError` unless every setting is somebody's and, if common, in range."""
    named = flat(settings)
    check_names(named)
    common_settings([], named)
    for name in named:
        if name not in Config.model_fields:
            _require_known(FORMER.get(name, name))


def unknown_setting(name: str) -> UserError:
    """The error for a name that nothing has, with a near miss."""
    section, _, field = name.rpartition(".")
    owners: dict[str, list[str]] = defaultdict(list)  # of a field, and first its kind
    for kinds in KINDS:
        for owner, each in _all_fields(kinds):
            owners[each].append(owner)
    known = {each: each for each in Config.model_fields}
    # A field of several components is that of their kind.
    bare = {each: f"{of[0] if len(of) > 2 else of[-1]}.{each}" for each, of in owners.items()}
    bare |= {former: now for former, now in FORMER.items() if former in bare}
    full = {f"{owner}.{each}": f"{owner}.{each}" for each, of in owners.items() for owner in of}
    within = {each: f"{section}.{each}" for each, of in owners.items() if section in of}
    full = full if section and not within else {}
    for asked, among in ((field, within), (name, full), (field, bare | known)):
        if close := get_close_matches(asked, among, n=1, cutoff=0.7):
            return UserError(f"unknown setting '{name}': did you mean '{among[close[0]]}'?")
    where = section if section and section not in KINDS and _is_section(section) else "config"
    return UserError(f"unknown setting '{name}': see 'vmbench info {where}'")


def common_settings(layers: Sequence[Mapping[str, Any]], asked: Mapping[str, Any]) -> Config:
    """The common settings alone, before it is known what else the run uses."""
    found: dict[str, Any] = {}
    for layer in (*layers, asked):
        found |= {name: value for name, value in layer.items() if name in Config.model_fields}
    return checked(Config, found)


def assign(asked: Mapping[str, Any], parts: Sequence[Part]) -> tuple[dict[str, Any], list[str]]:
    """``asked`` under the names of the settings that it sets in this run, and what to say of it.

    Raises:
        UserError: for a setting that its component, or no component of its kind, has.
    """
    found: dict[str, Any] = {}
    notes = []
    for name, value in asked.items():
        owned = _targets(name, parts)
        if name in FORMER:
            now = " and ".join(owned) or FORMER[name]
            notes.append(f"note: the setting '{name}' is called {now} now")
        if not owned:
            _require_known(FORMER.get(name, name))
            notes.append(f"note: '{name}' changes nothing: this run uses nothing that has it")
        for each in owned:
            found.pop(each, None)
            found[each] = value
    return found, notes


def settle(
    layers: Sequence[Mapping[str, Any]],
    asked: Mapping[str, Any],
    parts: Sequence[Part],
    preset: str,
    spec: Spec,
) -> RunSettings:
    """The settings of a run.

    Args:
        layers: those of the preset and of what adapts it, each in sections; later ones win. Within
            one, a component's own section comes before its kind's.
        asked: as :func:`assign` gives them; they have the last word.
        parts: what the run uses; settings of anything else are left out.
        preset: its name, for what components themselves set in it.
        spec: of the inputs.

    Raises:
        UserError: for a value out of range, or a name that nothing in ``parts`` can have.
    """
    values: dict[str, Any] = {}
    for layer in layers:
        named = flat(layer)
        own = {name: value for name, value in named.items() if _is_own(name)}
        for name, value in [*((k, v) for k, v in named.items() if k not in own), *own.items()]:
            values |= dict.fromkeys(_targets(name, parts, needs=spec), value)
    for part in parts:
        chosen = part.component.presets.get(preset, {})
        for field, value in chosen.items():
            values |= dict.fromkeys(_targets(f"{part.name}.{field}", parts, needs=spec), value)
    values |= asked
    common = {name: value for name, value in values.items() if "." not in name}
    sections: dict[str, dict[str, Any]] = {part.name: {} for part in parts}
    for name, value in values.items():
        section, dot, field = name.rpartition(".")
        if dot:
            sections[section][field] = value
    return RunSettings(
        checked(Config, common),
        {
            part.name: checked(part.component.declared(), sections[part.name], part.name)
            for part in parts
        },
    )


def _targets(name: str, parts: Sequence[Part], needs: Spec | None = None) -> list[str]:
    """The settings of ``parts`` that ``name`` stands for; of a preset, what fits ``needs``."""
    if name in Config.model_fields:
        return [name]
    name = FORMER.get(name, name)
    section, dot, field = name.partition(".")
    if not dot:
        raise unknown_setting(name)
    if section in KINDS:
        owners = [part for part in parts if section in part.kinds and field in part.fields]
    else:
        owners = [part for part in parts if part.name == section]
        if owners and field not in owners[0].fields:
            raise unknown_setting(name)
    if needs is not None and not needs.space:
        owners = [part for part in owners if field not in part.component.needs_space]
    return [f"{part.name}.{field}" for part in owners]


def _is_own(name: str) -> bool:
    section, dot, _ = FORMER.get(name, name).partition(".")
    return bool(dot) and section not in KINDS


def _is_section(name: str) -> bool:
    return name in KINDS or any(name in registry(kind) for kind in KINDS.values())


def _require_known(name: str) -> None:
    """Raise unless some component could have the setting ``name``."""
    section, _, field = name.partition(".")
    of_kind = [kinds for kinds, kind in KINDS.items() if section in (kinds, *_names(kind))]
    if not any((section, field) in _all_fields(kinds) for kinds in of_kind):
        raise unknown_setting(name)


def _names(kind: str) -> list[str]:
    return [entry.name for entry in registry(kind)]


def _all_fields(kinds: str) -> Iterator[tuple[str, str]]:
    """(Section, field) of every component of a kind that can be loaded; first as its kind's."""
    said = set()
    for name in _names(KINDS[kinds]):
        try:
            component = _component(name)
        except UserError:
            continue  # of a plugin that is broken; whoever uses it is told
        for field in component.declared().model_fields if component else ():
            if field not in said:
                yield kinds, field
            said.add(field)
            yield name, field
