"""A request: everything that was asked of a run, as one value that every part hands around.

The command line, Python, ``vmbench views`` and launchers make a :class:`RunRequest`; it says its
own command line, which asks for the same again, and it is resolved into a
:class:`~vmbench.runs.plan.Plan` before anything is written.
"""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from vmbench.errors import UserError
from vmbench.plugins import BY_OPTION, register_plugin
from vmbench.registry import registry
from vmbench.runs.sections import typed

if TYPE_CHECKING:
    from vmbench.runs.plan import Plan

LINEAR = "linear"  # the default evaluation


class RunRequest(BaseModel):
    """One pretraining with one seed, and its evaluation on every task asked for.

    Names are looked up by :meth:`resolve`; only settings are checked before, and have their types.
    ``settings`` may be nested; sections become ``section.field``.

    Raises:
        UserError: for an unknown setting, a value out of range, a field that there is not.

    >>> RunRequest(domain="audio", settings={"lr": "0.1"}).command()
    'vmbench run --domain audio --method viewmaker --preset small --seed 0 --set lr=0.1'
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    domain: str = Field(description="A registered domain.")
    method: str = Field("viewmaker", description="A registered method, or the domain's own views.")
    objective: str = Field(
        "simclr", description="What the encoder minimises; methods that bring their own ignore it."
    )
    views: str | None = Field(
        None, description="For supervised: the view family that augments its training."
    )
    evaluation: str = Field(LINEAR, description="How the features are judged.")
    preset: str = Field("small", description="smoke, small or paper.")
    seed: int = Field(0, description="Of the weights, the batches' order and the views.")
    pretrain: str | None = Field(
        None, description="Dataset to pretrain on; None: the domain's default."
    )
    transfer: tuple[str, ...] = Field(
        (), description="DATASET or DATASET/TASK; (): every task of the alike embedded datasets."
    )
    data_dir: Path | None = Field(
        None, description="Folder of the publisher's files or of one's own."
    )
    target: str | None = Field(None, description="The label's column in one's own table.")
    pretrained: str | None = Field(
        None, description="Name of the pretraining that is read where its own data is not there."
    )
    plugins: tuple[str, ...] = Field(
        (), description="MODULE:OBJECT of what --plugin brought and the request names."
    )
    settings: dict[str, Any] = Field(
        {},
        description="Those that the request itself sets: common ones (vmbench info config), and "
        "section.field of a component (vmbench info NAME).",
    )

    def __init__(self, **asked: Any) -> None:
        try:
            super().__init__(**asked)
        except ValidationError as error:
            raise _user_error(error) from error

    @classmethod
    def from_json(cls, text: str | bytes) -> "RunRequest":
        """The request that :meth:`to_json` wrote; raises :class:`UserError`."""
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise _user_error(error) from error

    def to_json(self) -> str:
        """All fields, as JSON."""
        return self.model_dump_json()

    @field_validator("settings")
    @classmethod
    def _typed(cls, settings: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        return typed(settings, plugins=bool(info.data.get("plugins")))

    @model_validator(mode="before")
    @classmethod
    def _with_plugins(cls, asked: Any) -> Any:
        """What ``--plugin`` brought into this process is part of what names it."""
        if isinstance(asked, dict) and "plugins" not in asked:
            names = {
                "domain": ["domain"], "method": ["method", "views"],
                "objective": ["objective"], "evaluation": ["evaluation"], "encoder": ["encoder"],
            }  # fmt: skip
            given = asked | {"encoder": dict(asked.get("settings", {})).get("encoder")}
            found = [_plugin(kind, given.get(field)) for kind in names for field in names[kind]]
            return asked | {"plugins": tuple(dict.fromkeys(each for each in found if each))}
        return asked

    def command(self) -> str:
        """The ``vmbench run`` that asks for the same; ``evaluate`` where that cannot train.

        It names no output folder and nothing that changes no result (how to show progress, what to
        do with a finished run), and no path but ``data_dir``: a file's settings are spelt out.
        """
        if self.pretrained is not None:
            return command_line(
                ["evaluate", self.pretrained, *self._evaluated(), *self._read(), *self._chosen()]
            )
        return command_line(["run", *self._trained(self._evaluated()), *self._chosen()])

    def pretrain_command(self) -> str:
        """The ``vmbench pretrain`` that asks for the same training, as :meth:`command` does."""
        return command_line(["pretrain", *self._trained([]), *self._chosen()])

    def _trained(self, evaluated: list[str]) -> list[str]:
        words = ["--domain", self.domain, "--method", self.method]
        words += [] if self.objective == "simclr" else ["--objective", self.objective]
        words += [] if self.views is None else ["--views", self.views]
        words += ["--preset", self.preset, "--seed", str(self.seed)]
        words += [] if self.pretrain is None else ["--pretrain", self.pretrain]
        return [*words, *evaluated, *self._read()]

    def _evaluated(self) -> list[str]:
        words = [] if self.evaluation == LINEAR else ["--eval", self.evaluation]
        for wanted in self.transfer:
            words += ["--transfer", wanted]
        return words

    def _read(self) -> list[str]:
        words = [] if self.data_dir is None else ["--data-dir", str(self.data_dir)]
        return [*words, *([] if self.target is None else ["--target", self.target])]

    def _chosen(self) -> list[str]:
        words: list[str] = []
        for key, value in self.settings.items():
            words += ["--set", f"{key}={'none' if value is None else value}"]
        for plugin in self.plugins:
            words += ["--plugin", plugin]
        return words

    def resolve(self) -> "Plan":
        """Every name looked up and every file that decides anything looked at.

        Raises:
            UserError: for an unknown name, an impossible pair, or data that cannot be read.
        """
        from vmbench.runs.plan import make_plan

        for plugin in self.plugins:
            register_plugin(plugin)
        return make_plan(self)


def command_line(arguments: Sequence[str]) -> str:
    """A command as one would type it.

    >>> command_line(["run", "--domain", "audio", "--set", "lr=0.1"])
    'vmbench run --domain audio --set lr=0.1'
    """
    return shlex.join(["vmbench", *arguments])


def _plugin(kind: str, name: object) -> str | None:
    """The target of a component that ``--plugin`` brought into this process."""
    known = registry(kind)
    if not isinstance(name, str) or name not in known:
        return None
    owner = known.entry(name).owner
    return owner.removeprefix(BY_OPTION) if owner.startswith(BY_OPTION) else None


def _user_error(error: ValidationError) -> UserError:
    """The first fault, in one line."""
    first = error.errors()[0]
    cause = first.get("ctx", {}).get("error")
    if isinstance(cause, UserError):
        return cause
    where = ".".join(map(str, first["loc"]))
    return UserError(f"request: {where}: {first['msg'].lower()}")
