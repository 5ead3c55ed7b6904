"""The built-in domains: one folder each, with the domain's adapter, preprocessing and datasets."""
