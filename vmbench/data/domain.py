"""A domain: a modality with its datasets, its handcrafted views and its adapted presets."""

from abc import ABC
from collections.abc import Mapping
from importlib import import_module
from typing import Any, ClassVar

from vmbench.data.dataset import Dataset
from vmbench.errors import UserError, unknown_name
from vmbench.registry import registry


class Domain(ABC):
    """Base of every domain adapter, built in or a plugin's.

    Class attributes:
        name: as in ``--domain``.
        summary: one line.
        datasets: name -> ``"module:Class"`` of a :class:`~vmbench.data.dataset.Dataset` (or the
            class).
        default: the dataset that is pretrained on where ``--pretrain`` is not given.
        handcrafted: spec kind (``"grid"``, ``"sequence"``, ``"vector"``) -> name of the view
            family that ``--method handcrafted`` means on it.
        presets: preset -> settings that this domain changes in it, in sections (the comments in
            ``vmbench/presets.toml`` say how). Under ``for`` stand, by a method's name or a kind of
            views (:attr:`~vmbench.views.method.Method.kind`), what runs on these change in that.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    datasets: ClassVar[Mapping[str, str | type[Dataset]]]
    default: ClassVar[str]
    handcrafted: ClassVar[Mapping[str, str]] = {}
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {}

    @classmethod
    def preset(cls, name: str) -> Mapping[str, Any]:
        """What preset ``name`` sets for every run of the domain."""
        return {key: value for key, value in cls.presets.get(name, {}).items() if key != "for"}

    @classmethod
    def preset_for(cls, name: str, method: str, kind: str) -> Mapping[str, Any]:
        """What ``name`` sets for ``method``; where it is not named, for its kind of views."""
        chosen: Mapping[str, Any] = cls.presets.get(name, {}).get("for", {})
        found: Mapping[str, Any] = chosen.get(method, chosen.get(kind, {}))
        return found

    def knows(self, name: str) -> bool:
        """Whether :meth:`dataset` has something under ``name``.

        A domain that makes datasets from their names (``openml-31``) overrides both.
        """
        return name in self.datasets

    def dataset(self, name: str) -> Dataset:
        """Load the dataset called ``name``.

        Raises:
            UserError: for an unknown name, with a near miss; for a class that cannot be imported,
                with what is missing and whose it is.
        """
        if name not in self.datasets:
            raise unknown_name(f"dataset of domain {self.name}", name, self.datasets)
        target = self.datasets[name]
        if isinstance(target, str):
            module, _, attribute = target.partition(":")
            try:
                target = getattr(import_module(module), attribute)
            except (Exception, SystemExit) as error:  # a plugin's may fail in any way
                raise self._broken(name, str(target), error) from error
        if not (isinstance(target, type) and issubclass(target, Dataset)):
            raise UserError(f"dataset '{name}' of domain {self.name} is no vmbench Dataset")
        try:
            return target()
        except UserError:
            raise
        except (Exception, SystemExit) as error:
            where = f"{target.__module__}:{target.__qualname__}"
            raise self._broken(name, where, error, "created") from error

    def _broken(
        self, name: str, target: str, error: BaseException, what: str = "imported"
    ) -> UserError:
        """The error for a dataset whose class cannot be had: the cause, the owner, the mend."""
        known = registry("domain")
        owners = [entry.owner for entry in known if entry.name == self.name]
        owner = " or ".join(owners) or type(self).__module__
        lacking = getattr(error, "name", None) if isinstance(error, ModuleNotFoundError) else None
        package = (lacking or "").partition(".")[0]
        own = package in ("", target.partition(":")[0].partition(".")[0])
        mend = f"mend or reinstall {owner}" if own else f"install {package}, which {owner} needs"
        cause = str(error) if isinstance(error, ImportError) else f"{type(error).__name__}: {error}"
        return UserError(
            f"dataset '{name}' of domain {self.name} ({owner}) cannot be {what} from {target}: "
            f"{cause}; {mend}"
        )
