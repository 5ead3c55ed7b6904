"""Any table of OpenML by its number, from openml.org or from its ARFF file."""

import json
import re
import urllib.error
import warnings
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import numpy as np

from vmbench.config import digest
from vmbench.data.dataset import Card
from vmbench.errors import UserError
from vmbench_domains.own.tables import cell_text
from vmbench_domains.source import matching
from vmbench_domains.tabular.own_table import READ_AS, Table

PATTERNS = ("*.arff", "*.arff.gz", "dataset_*.pq")  # what openml.org names its downloads
TABLE, ABOUT = "table.parquet", "about.json"
RAW = "raw"  # what was downloaded, beside the folders that were made of it


class OpenML(Table):
    """One dataset of OpenML, pinned by its number: numbers as they are, texts one-hot.

    ``openml-31`` is downloaded once, its MD5 compared with the one that OpenML states. With
    ``--data-dir`` its ARFF file is read instead. The label is the default target, or ``--target``.

    Args:
        number: the dataset's; None reads whichever ARFF file ``--data-dir`` names.
    """

    name = "openml"
    generic = False  # a fault in anybody's table is not to be told as OpenML's
    reserved = ()  # OpenML's columns are features, however they are called
    card = Card(
        licence="each dataset's own: https://www.openml.org/d/NUMBER",
        citation="Vanschoren et al. 2013, OpenML: networked science in machine learning, SIGKDD "
        "Explorations 15; and what the dataset's page names",
        homepage="https://www.openml.org",
        notes="openml-31 is dataset 31, one version of one dataset. Sparse ones are not read. Rows "
        "are split at random, by class: OpenML's tasks with their own splits are not used.",
    )

    def __init__(self, number: int | None = None) -> None:
        self.number = number
        if number is not None:
            self.name = f"openml-{number}"  # type: ignore[misc]

    def inspect(self, target: str | None) -> None:
        """Find the ARFF file, or download the table; the target is the default one if not given."""
        if self.data_dir is not None:
            self.inspect_at(self._find(self.data_dir), target)
            return
        if self.number is None:
            raise UserError(
                "which dataset of OpenML? --pretrain openml-31 downloads number 31; or name an "
                "ARFF file with --data-dir"
            )
        from vmbench.storage.cache import building, cache_folder

        folder = cache_folder() / "openml" / str(self.number)
        if not (folder / ABOUT).exists():
            with building(folder, self.name, (folder / ABOUT).exists) as temporary:
                if temporary is not None:
                    self._download(temporary)
        about = json.loads((folder / ABOUT).read_text())
        self.inspect_at(folder / TABLE, target or self._default(about["targets"]))
        # Not the times of the cached file: another machine's results name the same revision.
        self.revision = digest([READ_AS, self.number, about["md5"], self.target, *self.rule])
        self.remarks.insert(0, f"OpenML {self.number}: {about['said']}")
        self.remarks.extend(about["warnings"])

    def sources(self) -> list[str]:
        """The dataset's page."""
        return (
            [] if self.number is None else [f"{self._page} (run itself downloads it; MD5 checked)"]
        )

    def fetch(self, folder: Path) -> None:
        """Raise :class:`UserError`: a run downloads it by itself."""
        raise UserError(
            f"dataset '{self.name}' is downloaded by vmbench run itself, where --data-dir is not "
            f"given; for a machine without network, get the ARFF file from {self._page}"
        )

    @property
    def _page(self) -> str:
        return f"{self.card.homepage}/d/{self.number or 'NUMBER'}"

    def _find(self, place: Path) -> Path:
        if place.is_file():
            found = [place]
        else:
            found = sorted({p for pattern in PATTERNS for p in matching(place, pattern)})
        if self.number is not None and len(found) > 1:
            own = re.compile(rf"dataset_{self.number}[_.]")
            found = [path for path in found if own.match(path.name)]
        if len(found) != 1 or not any(fnmatch(found[0].name, pattern) for pattern in PATTERNS):
            names = ", ".join(path.name for path in found) or "none"
            raise UserError(
                f"--data-dir {place} must hold one file of OpenML ({', '.join(PATTERNS)}), and "
                f"has {names}: name the file itself; {self._page} has it to download"
            )
        return found[0]

    def _default(self, targets: list[str]) -> str:
        if len(targets) != 1:
            named = ", ".join(targets) or "none"
            raise UserError(
                f"OpenML dataset {self.number} has as default targets: {named}; name the label's "
                f"column with --target"
            )
        return targets[0]

    def _download(self, folder: Path) -> None:
        from sklearn.datasets import fetch_openml

        try:
            with warnings.catch_warnings(record=True) as said:
                warnings.simplefilter("always")
                # The parser 'pandas' (scikit-learn 1.9) breaks at classes named by numbers.
                bunch = fetch_openml(
                    data_id=self.number,
                    data_home=str(folder.parent / RAW),
                    as_frame=True,
                    parser="liac-arff",
                )
        except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
            answered = isinstance(error, urllib.error.HTTPError)
            cause = error if answered else getattr(error, "reason", error)
            raise UserError(
                f"OpenML dataset {self.number} cannot be had from {self.card.homepage} "
                f"({cause}): try again, or get the ARFF file "
                f"from {self._page} and name it with --data-dir"
            ) from error
        except ValueError as error:
            raise UserError(f"OpenML dataset {self.number} cannot be read: {error}") from error
        about = {
            "targets": list(bunch.target_names),
            "md5": bunch.details["md5_checksum"],
            "said": f"{bunch.details['name']}, version {bunch.details['version']}, licence "
            f"{bunch.details.get('licence', 'not stated')}",
            # The server's doubts about the data; that a request was repeated is no one's concern.
            "warnings": [
                " ".join(str(each.message).split())
                for each in said
                if "dataset" in str(each.message) and "etrying" not in str(each.message)
            ],
        }
        _plain(bunch.frame).to_parquet(folder / TABLE)
        (folder / ABOUT).write_text(json.dumps(about))

    def write_sample(self, folder: Path) -> None:
        """Forty rows with gaps, quoted names and classes that look like numbers."""
        number = self.number or 31
        rows = [
            f"{value},{'?' if row % 7 == 0 else row % 5},{('good', 'so so')[row % 2]!r},"
            f"{row // 3 % 3 + 1},{('bad', 'good')[row % 3 // 2]}"
            for row, value in enumerate(np.random.default_rng(0).normal(0, 1, 40).round(4))
        ]
        head = (
            "% A synthetic table in the format of openml.org\n@RELATION sample\n\n"
            "@ATTRIBUTE 'credit amount' REAL\n@ATTRIBUTE age INTEGER\n"
            "@ATTRIBUTE purpose {good,'so so'}\n@ATTRIBUTE rating {1,2,3}\n"
            "@ATTRIBUTE class {bad,good}\n\n@DATA\n"
        )
        (folder / f"dataset_{number}_sample.arff").write_text(head + "\n".join(rows) + "\n")


def _plain(frame: Any) -> Any:
    """Numbers as floats and categories as text, which every reader of Parquet gives back."""
    import pandas

    columns = {}
    for name in frame.columns:
        column = frame[name]
        if pandas.api.types.is_numeric_dtype(column.dtype):
            columns[name] = column.astype("float64")
        else:
            columns[name] = [cell_text(value) or None for value in column.astype(object)]
    return pandas.DataFrame(columns)
