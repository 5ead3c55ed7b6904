"""A grid: what a sweep asks for, from the command line or from ``grid.toml``."""

import tomllib
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from vmbench.errors import UserError
from vmbench.registry import registry
from vmbench.runs.request import LINEAR, RunRequest

ALL = "all"
BLOCKS = "grid"  # the tables of a file, each a product of its own


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _seeds(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return range(value)
    return value


Names = Annotated[tuple[str, ...], BeforeValidator(_listed), Field(min_length=1)]
Seed = Annotated[int, Field(ge=0)]


class Grid(BaseModel):
    """Every domain with every method, objective, evaluation and seed: a request for each.

    In a file, a key is spelt as its option.

    Raises:
        UserError: for a key that there is not, or a value that is none.

    >>> grid = Grid(domain="audio", method=["viewmaker", "random-init"], seeds=2)
    >>> [(request.method, request.seed) for request in grid.requests()]
    [('viewmaker', 0), ('viewmaker', 1), ('random-init', 0), ('random-init', 1)]
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    domain: Names = Field(description="Registered domains, or all.")
    method: Names = Field(("viewmaker",), description="Registered methods.")
    objective: Names = Field(("simclr",), description="What encoders minimise.")
    eval: Names = Field((LINEAR,), description="How features are judged.")
    seeds: Annotated[tuple[Seed, ...], BeforeValidator(_seeds), Field(min_length=1)] = Field(
        (0,), description="How many, from 0 on; or which."
    )
    preset: str = Field("small", description="smoke, small or paper.")
    views: str | None = Field(None, description="For supervised: the views that augment it.")
    pretrain: str | None = Field(None, description="Dataset to pretrain on.")
    transfer: Annotated[tuple[str, ...], BeforeValidator(_listed)] = Field(
        (), description="DATASET or DATASET/TASK."
    )
    data_dir: Path | None = Field(None, alias="data-dir", description="Folder of files.")
    target: str | None = Field(None, description="The label's column in one's own table.")
    plugin: Annotated[tuple[str, ...], BeforeValidator(_listed)] = Field(
        (), description="MODULE:OBJECT of domains and methods."
    )
    settings: dict[str, Any] = Field({}, description="As --set, nested or not.")

    def __init__(self, **asked: Any) -> None:
        try:
            super().__init__(**asked)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise UserError(f"grid: {where}: {first['msg'].lower()}") from error

    @property
    def domains(self) -> tuple[str, ...]:
        """The domains by name."""
        if ALL in self.domain:
            return tuple(sorted(entry.name for entry in registry("domain")))
        return tuple(dict.fromkeys(self.domain))

    @property
    def everywhere(self) -> bool:
        """Whether ``all`` domains are asked for, so that a method need not serve each."""
        return ALL in self.domain

    def requests(self) -> Iterator[RunRequest]:
        """The requests, domain by domain, method by method; a seed's evaluations together."""
        plugins = {"plugins": self.plugin} if self.plugin else {}
        for domain, method, objective, seed, evaluation in product(
            self.domains, self.method, self.objective, self.seeds, self.eval
        ):
            yield RunRequest(
                domain=domain,
                method=method,
                objective=objective,
                views=self.views if method == "supervised" else None,
                evaluation=evaluation,
                preset=self.preset,
                seed=seed,
                pretrain=self.pretrain,
                transfer=self.transfer,
                data_dir=self.data_dir,
                target=self.target,
                settings=self.settings,
                **plugins,
            )


def read_grids(path: Path) -> list[Grid]:
    """The grids of a TOML file: its keys, or its tables ``[[grid]]`` with them as defaults.

    Raises:
        UserError: naming the file, for one that cannot be read or asks for what there is not.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"--file {path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise UserError(f"--file {path} is no valid .toml: {error}") from error
    blocks = data.pop(BLOCKS, [{}])
    if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
        raise UserError(f"--file {path}: write each product as a table [[{BLOCKS}]]")
    try:
        return [Grid(**(data | block)) for block in blocks]
    except UserError as error:
        raise UserError(f"--file {path}: {error}") from error
