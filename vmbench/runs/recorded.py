"""A finished pretraining taken up again: its request, and its dataset as it was then."""

from copy import copy
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

from vmbench.config import EXECUTION_SETTINGS, READOUT_SETTINGS
from vmbench.data.dataset import BoundDataset, Dataset
from vmbench.data.domain import Domain
from vmbench.errors import UserError
from vmbench.plugins import register_plugin
from vmbench.pretrained.document import (
    ENCODER,
    MEND,
    REQUEST,
    Document,
    read_document,
    require_same,
    spec_of,
)
from vmbench.pretrained.place import find_pretraining
from vmbench.registry import registry
from vmbench.runs.plan import Plan, make_plan
from vmbench.runs.representations import recipe_of
from vmbench.runs.request import RunRequest
from vmbench.runs.sections import check_names, is_read_after_training


@dataclass(frozen=True)
class Recorded:
    """A pretraining's folder, its ``spec.json``, and the request that made it."""

    folder: Path
    document: Document
    request: RunRequest

    @classmethod
    def read(cls, pretraining: str | Path, out: Path) -> "Recorded":
        """From a folder, or a name below ``out``.

        Raises:
            UserError: it is not there, not finished, or damaged.
        """
        folder = find_pretraining(pretraining, out)
        document = read_document(folder)
        # Before any data are prepared for it.
        require_same(folder / ENCODER, document.encoder.sha256)
        path = folder / REQUEST
        try:
            return cls(folder, document, RunRequest.from_json(path.read_bytes()))
        except (OSError, UserError) as error:
            raise UserError(
                f"{path} is damaged, or of another version of vmbench ({error}): {MEND}"
            ) from error

    def asked(self, *, settings: dict[str, Any], **evaluation: Any) -> RunRequest:
        """The request of an evaluation.

        Args:
            settings: of evaluations, or where to run.
            evaluation: ``evaluation``, ``transfer``, ``data_dir`` and ``target``; the last two
                None: those of the training, if the folder is still there.

        Raises:
            UserError: a setting of the training.
        """
        for plugin in self.request.plugins:
            register_plugin(plugin)
        check_names(settings)
        for name in settings:
            if name not in EXECUTION_SETTINGS and not is_read_after_training(name):
                raise UserError(
                    f"setting '{name}' is of the training, which is done: evaluate takes "
                    f"{', '.join(READOUT_SETTINGS)}, those of its evaluation (vmbench info "
                    f"{evaluation['evaluation']}) and device; 'vmbench pretrain' trains another"
                )
        request = self.request
        if evaluation["data_dir"] is None:
            there = request.data_dir is not None and request.data_dir.exists()
            evaluation["data_dir"] = request.data_dir if there else None
        if evaluation["target"] is None:
            evaluation["target"] = request.target
        kept = {k: v for k, v in request.settings.items() if k not in EXECUTION_SETTINGS}
        # The plugins are those of the training and of this evaluation, and are found anew.
        training = request.model_dump(exclude={"plugins"})
        request = RunRequest(**training | evaluation | {"settings": kept | settings})
        return request if self._at_hand(request) else self._alone(request)

    def _at_hand(self, request: RunRequest) -> bool:
        """Whether ``vmbench run`` would find the data that this was trained on."""
        domain = cast(Domain, registry("domain").get(request.domain))
        declared = domain.dataset(self.document.dataset.name)
        try:
            bound = declared.bind(request.data_dir, request.target)
        except UserError:  # where a task needs them, the plan says what is wrong
            return False
        same = bound.revision == self.document.dataset.revision
        if not same and not bound.generic:
            raise UserError(
                f"{self.folder.name} was made with revision {self.document.dataset.revision} of "
                f"dataset '{bound.name}', here is {bound.revision}, whose test examples it may "
                f"have seen: use the version that made it (vmbench {self.document.vmbench}), or "
                f"pretrain again"
            )
        return same

    def _require_alike(self, dataset: BoundDataset) -> None:
        """Raise unless one's own files became the features that the encoder was trained on."""
        taken, given = self.document.inputs.channels, dataset.inputs.channels
        if dataset.generic and dataset.name == self.document.dataset.name and taken != given:
            differing = [name for name in (*taken, *given) if (name in taken) != (name in given)]
            raise UserError(
                f"{self.folder.name} takes other features than {dataset.name} in "
                f"{dataset.data_dir} gives ({', '.join(differing) or 'another order'}): give the "
                f"files the same columns and categories"
            )

    def _alone(self, request: RunRequest) -> RunRequest:
        return request.model_copy(update={"pretrained": self.folder.name})

    def plan(self, request: RunRequest) -> Plan:
        """What :meth:`asked` gave, resolved.

        Raises:
            UserError: as :meth:`RunRequest.resolve`; or ``spec.json`` and ``request.json`` are not
                of one training, or another version of vmbench would train otherwise.
        """
        plan = make_plan(request, recorded=partial(as_recorded, self))
        if plan.method.trains != "once":
            raise UserError(
                f"{self.folder.name} learned from the labels of task "
                f"{self.document.supervised_by}: 'vmbench run --method supervised' evaluates it"
            )
        for dataset, _ in plan.tasks:
            self._require_alike(dataset)
        if recipe_of(plan).name != self.document.name:
            raise UserError(
                f"{self.folder}: request.json asks for another training than the one in spec.json "
                f"(a file was replaced, or vmbench {self.document.vmbench} trained with other "
                f"settings): pretrain again"
            )
        return plan


def as_recorded(recorded: Recorded, declared: Dataset) -> BoundDataset:
    """The dataset that was pretrained on; nothing of it can be read, and it has no tasks."""
    document = recorded.document
    if declared.name != document.dataset.name:
        raise UserError(
            f"{recorded.folder}: request.json names dataset '{declared.name}', spec.json "
            f"'{document.dataset.name}': a file was replaced; copy the folder again"
        )
    reader: Any = copy(declared)
    reader.spec = spec_of(document.spec, recorded.folder)
    reader.tasks, reader.revision = (), document.dataset.revision
    reader.fingerprint, reader.value_range = (
        document.dataset.fingerprint,
        document.inputs.value_range,
    )
    reader.data_dir, reader.remarks = None, []
    return BoundDataset.as_it_is(reader)
