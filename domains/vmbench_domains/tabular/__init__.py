"""Tabular: rows of numbers and categories."""

import re

from vmbench.data.dataset import Dataset
from vmbench.data.domain import Domain

OPENML = re.compile(r"openml[-:](\d+)")  # openml-31, or openml:31 as others write it


class TabularDomain(Domain):
    """Rows as a Vector: numeric columns, then each categorical column one-hot."""

    name = "tabular"
    summary = "table rows of numbers and one-hot categories"
    datasets = {
        "diamonds": "vmbench_domains.tabular.diamonds:Diamonds",
        "adult": "vmbench_domains.tabular.adult:Adult",
        "covertype": "vmbench_domains.tabular.covertype:Covertype",
        "higgs": "vmbench_domains.tabular.higgs:Higgs",
        "optdigits": "vmbench_domains.tabular.optdigits:OptDigits",
        "openml": "vmbench_domains.tabular.openml:OpenML",
        "table": "vmbench_domains.tabular.own_table:Table",
    }
    default = "diamonds"
    handcrafted = {"vector": "scarf"}
    presets = {
        "small": {
            "max_examples": 12_000,
            "epochs": 30,
            "lr": 5e-4,
            "viewmaker_lr": 3.5e-4,
            "epsilon": 0.021,
        }
    }
    view_presets = {
        "small": {
            # The strength is SCARF's, which viewmaker+handcrafted has in it, too.
            "learned": {"lr": 3.9e-4, "temperature": 0.086, "strength": 0.65},
            "handcrafted": {
                "lr": 4.4e-4,
                "batch_size": 64,
                "temperature": 0.18,
                "strength": 0.65,
            },
            "supervised": {"lr": 0.002, "batch_size": 256},
        }
    }

    def knows(self, name: str) -> bool:
        """Also any number of OpenML's."""
        return OPENML.fullmatch(name) is not None or super().knows(name)

    def dataset(self, name: str) -> Dataset:
        """Also any number of OpenML's: ``openml-31``."""
        if numbered := OPENML.fullmatch(name):
            from vmbench_domains.tabular.openml import OpenML

            return OpenML(int(numbered[1]))
        return super().dataset(name)
