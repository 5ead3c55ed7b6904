"""A domain: a modality with its datasets, its handcrafted views and its adapted presets."""

from abc import ABC
from collections.abc import Mapping
from importlib import import_module
from typing import Any, ClassVar

from vmbench.dataset import Dataset
from vmbench.errors import UserError, unknown_name


class Domain(ABC):
    """Base of every domain adapter, built in or a plugin's.

    Class attributes:
        name: as in ``--domain``.
        summary: one line.
        datasets: name -> ``"module:Class"`` of a :class:`~vmbench.dataset.Dataset` (or the class).
        default: the dataset that is pretrained on where ``--pretrain`` is not given.
        handcrafted: spec kind (``"grid"``, ``"sequence"``, ``"vector"``) -> name of the view
            family that ``--method handcrafted`` means on it.
        presets: preset -> settings that this domain changes in it.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    datasets: ClassVar[Mapping[str, str | type[Dataset]]]
    default: ClassVar[str]
    handcrafted: ClassVar[Mapping[str, str]] = {}
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {}

    def dataset(self, name: str) -> Dataset:
        """Load the dataset called ``name``; raises :class:`UserError` with a near miss."""
        if name not in self.datasets:
            raise unknown_name(f"dataset of domain {self.name}", name, self.datasets)
        target = self.datasets[name]
        if isinstance(target, str):
            module, _, attribute = target.partition(":")
            target = getattr(import_module(module), attribute)
        if not (isinstance(target, type) and issubclass(target, Dataset)):
            raise UserError(f"dataset '{name}' of domain {self.name} is no vmbench Dataset")
        return target()
