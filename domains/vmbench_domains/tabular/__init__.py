"""Tabular: rows of numbers and categories."""

import re

from vmbench.data.dataset import Dataset
from vmbench.data.domain import Domain
from vmbench_domains.presets import presets_of

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
    presets = presets_of("tabular")

    def knows(self, name: str) -> bool:
        """Also any number of OpenML's."""
        return OPENML.fullmatch(name) is not None or super().knows(name)

    def dataset(self, name: str) -> Dataset:
        """Also any number of OpenML's: ``openml-31``."""
        if numbered := OPENML.fullmatch(name):
            from vmbench_domains.tabular.openml import OpenML

            return OpenML(int(numbered[1]))
        return super().dataset(name)
