"""``vmbench list`` and ``vmbench info``. Listing reads the registry and imports no adapter."""

from enum import StrEnum
from typing import TYPE_CHECKING, Any

import typer

from vmbench.cli.output import echo, echo_json
from vmbench.errors import UserError, unknown_name
from vmbench.registry import BUILT_IN, KINDS, Entry, registry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from vmbench.data.dataset import Dataset
    from vmbench.data.domain import Domain
    from vmbench.settings import Settings

Row = dict[str, str]


class Kind(StrEnum):
    """What can be listed."""

    domains = "domains"
    methods = "methods"
    objectives = "objectives"
    datasets = "datasets"
    encoders = "encoders"
    evaluations = "evaluations"
    presets = "presets"


def rows(kind: Kind) -> list[Row]:
    """One row per registered name; the values are texts."""
    if kind is Kind.presets:
        from vmbench.runs.presets import SUMMARIES

        return [{"name": name, "summary": text} for name, text in SUMMARIES.items()]
    if kind is Kind.datasets:
        return [
            {
                "name": dataset,
                "domain": entry.name,
                "source": _source(entry, dataset),
                "owner": entry.owner,
            }
            for entry in registry("domain")
            for dataset in entry.facts.get("datasets", ())
        ]
    known = registry(kind.value.removesuffix("s"))
    found = [
        {
            "name": entry.name,
            **{k: v if isinstance(v, str) else ", ".join(v) for k, v in entry.facts.items()},
            "summary": entry.summary,
            "owner": entry.owner,
            **({"conflict": "name taken"} if known.taken(entry.name) else {}),
        }
        for entry in known
    ]
    if kind is Kind.methods:
        found.insert(
            0,
            {
                "name": "handcrafted",
                "views": "handcrafted",
                "specs": "grid, sequence, vector",
                "paper": "",
                "summary": "the domain's own view family",
                "owner": "vmbench",
            },
        )
    return found


def _source(entry: Entry, dataset: str) -> str:
    """Where the examples come from; empty where a plugin's entry does not say."""
    if "embedded" not in entry.facts:
        return ""
    return "embedded" if dataset in entry.facts["embedded"] else "--data-dir"


def list_(
    kind: Kind | None = typer.Argument(None, help="What to list; default: everything."),
    as_json: bool = typer.Option(False, "--json", help="One JSON document on stdout."),
) -> None:
    """List what is registered, without importing it."""
    kinds = [kind] if kind else list(Kind)
    found = {each.value: rows(each) for each in kinds}
    if as_json:
        echo_json(found[kind.value] if kind else found)
        return
    for title, entries in found.items():
        if kind is None:
            echo(f"{title}:")
        _print_rows(entries)


def _print_rows(entries: list[Row]) -> None:
    """Columns by hand: importing rich would cost more than the command's whole budget."""
    columns = [
        c
        for c in (
            "name",
            "views",
            "kind",
            "specs",
            "domain",
            "source",
            "default",
            "datasets",
            "summary",
            "paper",
        )
        if any(row.get(c) for row in entries)
    ]
    if "summary" in columns and "datasets" in columns:
        columns.remove("datasets")
    widths = {c: max(len(row.get(c, "")) for row in entries) for c in columns}
    for row in entries:
        line = "  ".join(row.get(c, "").ljust(widths[c]) for c in columns)
        foreign = row.get("owner", BUILT_IN) != BUILT_IN
        notes = [row["owner"]] if foreign else []
        notes += [row["conflict"]] if "conflict" in row else []
        echo(f"  {line}".rstrip() + (f"  [{', '.join(notes)}]" if notes else ""))


def info(
    name: str = typer.Argument(
        ..., help="A domain, dataset, method, objective, encoder, evaluation, preset or 'config'."
    ),
    as_json: bool = typer.Option(False, "--json", help="One JSON document on stdout."),
) -> None:
    """Tell everything about one name: licence, split rules, specs, papers, settings."""
    facts = describe(name)
    if as_json:
        echo_json(facts)
        return
    width = max(len(key) for key in facts)
    for key, value in facts.items():
        lines = value if isinstance(value, list) else [value]
        for index, line in enumerate(lines):
            echo(f"{key if index == 0 else '':{width}}  {line}")


def describe(name: str) -> dict[str, Any]:
    """Facts about ``name``, each a text or a list of texts."""
    from vmbench.runs.presets import PRESETS, SUMMARIES

    if name == "config":
        return _describe_config()
    if name == "handcrafted":
        return _describe_handcrafted()
    for kind in KINDS:
        if name in registry(kind):
            return _describe_entry(kind, name)
    if name in PRESETS:
        from vmbench.runs.sections import flat

        settings = [f"{key} = {value}" for key, value in flat(PRESETS[name]).items()]
        return {"preset": name, "summary": SUMMARIES[name], "settings": settings or ["defaults"]}
    if domain := domain_of(name):
        return _describe_dataset(domain, name)
    known = [e.name for kind in KINDS for e in registry(kind)] + list(PRESETS)
    raise unknown_name("name", name, [*known, *known_datasets(), "config", "handcrafted"])


def domain_of(dataset: str) -> str | None:
    """The name of the domain that has ``dataset``, or None."""
    for entry in registry("domain"):
        if dataset in entry.facts.get("datasets", ()):
            return entry.name
    # A plugin's datasets are known once it is imported.
    return next((domain.name for domain in _loadable_domains() if domain.knows(dataset)), None)


def known_datasets() -> list[str]:
    """The datasets that the registered domains state, without importing one."""
    return [name for entry in registry("domain") for name in entry.facts.get("datasets", ())]


def _describe_entry(kind: str, name: str) -> dict[str, Any]:
    entry = registry(kind).entry(name)
    loaded: Any = registry(kind).load_class(name)
    facts: dict[str, Any] = {kind: name, "summary": entry.summary, "owner": entry.owner}
    facts |= {k: v if isinstance(v, str) else ", ".join(v) for k, v in entry.facts.items()}
    if kind == "domain":
        facts["handcrafted views"] = [f"{k}: {v}" for k, v in loaded.handcrafted.items()]
        facts["datasets"] = list(loaded.datasets)
        facts["presets adapted"] = _describe_presets(loaded.presets)
    else:
        facts["settings"] = _describe_settings(name, loaded)
        facts["presets adapted"] = _describe_presets(_own_presets(name, loaded))
    facts["about"] = " ".join((loaded.__doc__ or "").split("\n\n")[0].split())
    facts["code"] = entry.target
    return facts


def _describe_dataset(domain: str, name: str) -> dict[str, Any]:
    from typing import cast

    from vmbench.data.domain import Domain

    dataset = cast(Domain, registry("domain").get(domain)).dataset(name)
    facts: dict[str, Any] = {
        "dataset": f"{name} (domain {domain}"
        + (f", revision {dataset.revision})" if dataset.revision else ")"),
        "spec": str(dataset.spec or "follows from your files (vmbench data check)"),
        "about": " ".join((dataset.__doc__ or "").split("\n\n")[0].split()),
        "tasks": [
            f"{t.name}: {t.summary}; {t.split_rule}"
            + ("" if t.default else f"; run where --transfer names {name}/{t.name}, else not")
            for t in dataset.tasks
        ]
        or _describe_no_task(dataset),
        "labels": _describe_labels(dataset),
        "source": _describe_source(dataset),
        "licence": dataset.card.licence,
        "citation": dataset.card.citation,
        "homepage": dataset.card.homepage,
    }
    if sources := dataset.sources():
        facts[f"vmbench data fetch {name}"] = sources
    return facts | ({"notes": dataset.card.notes} if dataset.card.notes else {})


def _describe_no_task(dataset: "Dataset") -> list[str]:
    if dataset.no_task:
        return [f"none: {dataset.no_task}"]
    return ["follow from your files (vmbench data check)", *filter(None, [dataset.split_rule])]


def _describe_labels(dataset: "Dataset") -> list[str]:
    """Counts per split and class, where the examples of an embedded dataset are in the cache."""
    from vmbench.data.examples import is_prepared, prepare

    if dataset.package is None:
        return ["vmbench data check DIR counts them"]
    bound = dataset.bind()
    if not is_prepared(bound):
        return ["counted by the first run, which prepares the examples; then stated here"]

    examples = prepare(bound)
    return [
        f"{task.name}: {remark}"
        for task in bound.tasks
        for remark in task.rules.remarks(examples.split_labels(task))
    ]


def _describe_config() -> dict[str, Any]:
    from vmbench.config import Config

    return _sentences(Config) | {
        "SECTION.field": "a setting of one component, as byol.momentum: vmbench info NAME lists "
        "them; methods.field, objectives.field, encoders.field and evaluations.field set it for "
        "whichever the run uses"
    }


def _sentences(kind: "type[Settings]") -> dict[str, str]:
    return {
        key: f"{field.description} (default {field.default})"
        for key, field in kind.model_fields.items()
    }


def _describe_settings(name: str, component: Any) -> list[str]:
    """Each setting of the component's section, with its default and a sentence."""
    own = _sentences(component.declared())
    return [f"{name}.{key}: {text}" for key, text in own.items()] or ["none"]


def _own_presets(name: str, component: Any) -> dict[str, Any]:
    """Preset -> what it sets in the component's own section."""
    from vmbench.runs.presets import PRESETS

    found = {preset: chosen.get(name, {}) for preset, chosen in PRESETS.items()}
    for preset, chosen in component.presets.items():
        found[preset] = {**found.get(preset, {}), **chosen}
    return {preset: chosen for preset, chosen in found.items() if chosen}


def _describe_presets(presets: "Mapping[str, Mapping[str, Any]]") -> list[str]:
    """What is changed in each preset, and in it for methods or kinds of views."""
    from typing import get_args

    from vmbench.results import ViewKind
    from vmbench.runs.sections import flat

    adapted = {
        preset: {k: v for k, v in own.items() if k != "for"} for preset, own in presets.items()
    }
    for preset, own in presets.items():
        for name, settings in own.get("for", {}).items():
            views = " views" if name in get_args(ViewKind) else ""
            adapted[f"{preset}, {name}{views}"] = settings
    return [
        f"{preset}: " + ", ".join(f"{k}={v}" for k, v in flat(settings).items())
        for preset, settings in adapted.items()
        if settings
    ] or ["none"]


def _describe_source(dataset: "Dataset") -> str:
    if dataset.package is None:
        return "needs --data-dir"
    package, extra = dataset.package
    return f"embedded in the package {package}" + (f" (vmbench[{extra}])" if extra else "")


def _describe_handcrafted() -> dict[str, Any]:
    families = [
        f"{domain.name}, {spec}: {family}"
        for domain in _loadable_domains()
        for spec, family in domain.handcrafted.items()
    ]
    return {"method": "handcrafted", "summary": "the domain's own view family", "means": families}


def _loadable_domains() -> "Iterator[Domain]":
    """Every domain that can be imported; ``vmbench doctor`` reports the others."""
    from typing import cast

    for entry in registry("domain"):
        try:
            yield cast("Domain", registry("domain").get(entry.name))
        except UserError:
            continue
