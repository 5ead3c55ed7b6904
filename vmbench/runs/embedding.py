"""``vmbench embed``: the features of all examples of a folder, in a file, read and written once."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import cast

import numpy as np

from vmbench.config import Config, checked
from vmbench.data.dataset import BoundDataset, Dataset, Example, Inputs
from vmbench.data.domain import Domain
from vmbench.errors import AbsentError, UserError
from vmbench.plugins import named_failures, register_plugin
from vmbench.pretrained.document import Document, spec_of
from vmbench.pretrained.encoder import BATCH, PretrainedEncoder, load_module
from vmbench.pretrained.written import SUFFIX, writing
from vmbench.progress import Progress
from vmbench.registry import registry
from vmbench.runs.recorded import Recorded
from vmbench.training.device import place

NAMED = 5


def embed(
    pretraining: str | Path,
    out: str | Path,
    *,
    data_dir: str | Path | None = None,
    dataset: str | None = None,
    target: str | None = None,
    device: str = "auto",
    store: str | Path = "runs",
    overwrite: bool = False,
    quiet: bool = True,
) -> int:
    """Write the features of every example in ``data_dir`` to a Parquet file, a row each.

    Examples go by in batches and nothing is cached: memory does not grow with their number. They
    need no label. The columns are those of :class:`~vmbench.pretrained.written.FeatureFile`.

    Args:
        pretraining: its folder, or its name below ``store``.
        out: the ``.parquet`` file.
        data_dir: the user's or publisher's files; None: the dataset that was pretrained on.
        dataset: what reads them; None: what reads the data of the pretraining, or else the
            domain's datasets for one's own files.
        target: the label's column in one's own table; None: that of the pretraining, if there.
        device: as ``--device``.
        store: where pretrainings lie.
        overwrite: replace a file that is there.
        quiet: no progress on stderr.

    Returns:
        How many rows there are.

    Raises:
        UserError: what is wrong with the folder, the data or the file.
    """
    out = Path(out)
    if out.suffix != SUFFIX:
        raise UserError(f"--out {out} must end in {SUFFIX}: features are written as Parquet")
    if out.exists() and not overwrite:
        raise UserError(f"--out {out} exists: name another file, or replace it with --overwrite")
    recorded = Recorded.read(pretraining, Path(store))
    document = recorded.document
    with Progress(quiet=quiet).shared() as progress, named_failures():
        where = place(checked(Config, {"device": device}), spec_of(document.spec, recorded.folder))
        module = load_module(recorded.folder, document, where.device)
        encoder = PretrainedEncoder(recorded.folder, document, module)
        found = _find(recorded, None if data_dir is None else Path(data_dir), dataset, target)
        for note in _compared(found, document, encoder):
            progress.say(note)
        about = {"vmbench.pretraining": recorded.folder.name, "vmbench.dataset": found.name}
        with writing(out, found, encoder.dim, about) as file:
            with progress.counting(f"embedding {found.name}", found.reader.expected) as count:
                for examples in _batches(found, encoder):
                    file.add(examples, encoder.features(np.stack([e.x for e in examples])))
                    count(len(examples))
            if not file.rows:
                raise UserError(f"dataset '{found.name}' has no examples")
        for remark in found.remarks:
            progress.say(f"  {found.name}: {remark}")
        return file.rows


def _find(
    recorded: Recorded, data_dir: Path | None, dataset: str | None, target: str | None
) -> BoundDataset:
    """The dataset that reads ``data_dir`` as the pretraining's examples were read."""
    request, document = recorded.request, recorded.document
    for plugin in request.plugins:
        register_plugin(plugin)
    domain = cast(Domain, registry("domain").get(request.domain))
    known = Inputs(document.inputs.units, document.inputs.channels, document.inputs.preparation)
    fill = document.normalisation.mean
    data_dir = data_dir or request.data_dir
    absent: list[str] = []
    for declared in _candidates(domain, document.dataset.name, data_dir, dataset):
        try:
            found = declared.bind_like(data_dir, target, request.target, known, fill)
        except AbsentError as error:
            absent.append(str(error))
            continue
        if found.spec.kind != document.spec.kind or found.spec.shape != document.spec.shape:
            taken = ", ".join(map(str, document.spec.shape))
            raise UserError(
                f"{data_dir or found.name} is read as {found.name}, whose examples are a "
                f"{found.spec}; {recorded.folder.name} takes a {document.spec.kind} ({taken}): "
                f"prepare it alike ({document.inputs.preparation}), or use vmbench.load"
            )
        return found
    raise UserError(
        f"{data_dir} holds nothing that domain {request.domain} reads: {'; '.join(absent)}"
    )


def _candidates(
    domain: Domain, pretrained_on: str, data_dir: Path | None, named: str | None
) -> Iterator[Dataset]:
    """What may read ``data_dir``, the likeliest first."""
    if named is not None:
        yield domain.dataset(named)
        return
    own = domain.dataset(pretrained_on)
    if data_dir is None or own.package is None:
        yield own
    if data_dir is None:
        return
    for name in domain.datasets:
        if name != pretrained_on and (other := domain.dataset(name)).generic:
            yield other


def _compared(found: BoundDataset, document: Document, encoder: PretrainedEncoder) -> Iterator[str]:
    """What the user should know where the examples may not be what the encoder has learned from.

    Raises:
        UserError: the channels have other names.
    """
    here, there = found.described(), document.inputs
    if here.channels and there.channels and here.channels != there.channels:
        pairs = zip(here.channels, there.channels, strict=True)
        place, (mine, taken) = next((i, pair) for i, pair in enumerate(pairs) if len({*pair}) > 1)
        raise UserError(
            f"channel {place} of {found.name} is '{mine}', {encoder.folder.name} takes '{taken}' "
            f"there ({', '.join(there.channels[:NAMED])} ...): give the channels the same names "
            f"and order"
        )
    if found.name != document.dataset.name and here.units != there.units:
        yield (
            f"note: pretrained on {document.dataset.name} ({there.units or 'units not stated'}); "
            f"{found.name} is read {here.units or 'in units not stated'}: see that they are alike"
        )
    if found.name == document.dataset.name and here.preparation != there.preparation:
        yield (
            f"note: the pretraining's examples were '{there.preparation}', these are "
            f"'{here.preparation}'"
        )


def _batches(dataset: BoundDataset, encoder: PretrainedEncoder) -> Iterator[list[Example]]:
    """The examples, some at a time; raises :class:`UserError` for one that is not of the spec."""
    examples, done = dataset.examples(), 0
    while batch := list(islice(examples, BATCH)):
        for position, example in enumerate(batch):
            if example.x.shape != encoder.spec.shape or not np.isfinite(example.x).all():
                raise UserError(
                    f"example {done + position} of {dataset.name} ({example.source}) has shape "
                    f"{example.x.shape} or values that are not finite; the pretraining takes "
                    f"{encoder.spec}"
                )
        done += len(batch)
        yield batch
