"""Tabular: rows of numbers and categories."""

from vmbench.domain import Domain


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
        "table": "vmbench_domains.tabular.own_table:Table",
    }
    default = "diamonds"
    handcrafted = {"vector": "scarf"}
    presets = {"small": {"epochs": 20, "epsilon": 0.3, "max_examples": 12_000}}
