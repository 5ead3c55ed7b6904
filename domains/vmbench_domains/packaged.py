"""Reaching data that an installed package carries, with an error that says how to get it."""

from importlib import import_module
from typing import Any

from vmbench.data.dataset import Dataset
from vmbench.errors import missing_package


def import_carrier(dataset: Dataset, module: str) -> Any:
    """Import ``module`` of the package that carries ``dataset``.

    Raises:
        UserError: the package (``dataset.package``) is not installed; names the extra with it.
    """
    if dataset.package is None:
        raise ValueError(f"dataset '{dataset.name}' names no package that carries it")
    package, extra = dataset.package
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        # Something else that the package lacks is another fault; hiding it would mislead.
        if error.name is None or error.name.partition(".")[0] != package:
            raise
        raise missing_package(package, extra, f"dataset '{dataset.name}'") from error
