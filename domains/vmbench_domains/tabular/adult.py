"""Adult (census income): ``adult.data`` and ``adult.test``."""

from pathlib import Path

from vmbench.data.dataset import Card, Split, Task
from vmbench.data.specs import Vector
from vmbench_domains.download import Download
from vmbench_domains.rows import stratified_shares
from vmbench_domains.tabular.samples import write_adult
from vmbench_domains.tabular.table import PublishedTable

# fmt: off
CATEGORIES = {
    "workclass": (
        "Private", "Self-emp-not-inc", "Self-emp-inc", "Federal-gov", "Local-gov", "State-gov",
        "Without-pay", "Never-worked",
    ),
    "education": (
        "Bachelors", "Some-college", "11th", "HS-grad", "Prof-school", "Assoc-acdm", "Assoc-voc",
        "9th", "7th-8th", "12th", "Masters", "1st-4th", "10th", "Doctorate", "5th-6th",
        "Preschool",
    ),
    "marital-status": (
        "Married-civ-spouse", "Divorced", "Never-married", "Separated", "Widowed",
        "Married-spouse-absent", "Married-AF-spouse",
    ),
    "occupation": (
        "Tech-support", "Craft-repair", "Other-service", "Sales", "Exec-managerial",
        "Prof-specialty", "Handlers-cleaners", "Machine-op-inspct", "Adm-clerical",
        "Farming-fishing", "Transport-moving", "Priv-house-serv", "Protective-serv",
        "Armed-Forces",
    ),
    "relationship": (
        "Wife", "Own-child", "Husband", "Not-in-family", "Other-relative", "Unmarried",
    ),
    "race": ("White", "Asian-Pac-Islander", "Amer-Indian-Eskimo", "Other", "Black"),
    "sex": ("Female", "Male"),
    "native-country": (
        "United-States", "Cambodia", "England", "Puerto-Rico", "Canada", "Germany",
        "Outlying-US(Guam-USVI-etc)", "India", "Japan", "Greece", "South", "China", "Cuba", "Iran",
        "Honduras", "Philippines", "Italy", "Poland", "Jamaica", "Vietnam", "Mexico", "Portugal",
        "Ireland", "France", "Dominican-Republic", "Laos", "Ecuador", "Taiwan", "Haiti",
        "Columbia", "Hungary", "Guatemala", "Nicaragua", "Scotland", "Thailand", "Yugoslavia",
        "El-Salvador", "Trinadad&Tobago", "Peru", "Hong", "Holand-Netherlands",
    ),
}
# fmt: on
NUMERIC = ("age", "fnlwgt", "education-num", "capital-gain", "capital-loss", "hours-per-week")


class Adult(PublishedTable):
    """48,842 people of the 1994 US census: 6 numbers, then 8 categories one-hot."""

    name = "adult"
    spec = Vector(len(NUMERIC) + sum(map(len, CATEGORIES.values())))
    places = ("adult", ".")
    files = ("adult.data", "adult.test")
    downloads = (
        Download(
            "https://archive.ics.uci.edu/ml/machine-learning-databases/adult/adult.data", "adult"
        ),
        Download(
            "https://archive.ics.uci.edu/ml/machine-learning-databases/adult/adult.test", "adult"
        ),
    )
    columns = (
        "age", "workclass", "fnlwgt", "education", "education-num", "marital-status",
        "occupation", "relationship", "race", "sex", "capital-gain", "capital-loss",
        "hours-per-week", "native-country", "income",
    )  # fmt: skip
    categories = CATEGORIES
    target = "income"
    codes = {"<=50K": 0, ">50K": 1}
    skip_lines = {"adult.test": 1}  # a comment
    tasks = (
        Task(
            "income",
            ("<=50K", ">50K"),
            "the publisher's test file; 10% of each class of its data file held out for val",
        ),
    )
    card = Card(
        licence="CC BY 4.0",
        citation="Becker, Kohavi 1996, Adult, UCI Machine Learning Repository",
        homepage="https://archive.ics.uci.edu/dataset/2",
        notes="A missing category is a block of zeros. A few rows occur twice.",
    )

    def parts(self) -> list[tuple[Path, list[Split] | None]]:
        """Train and val, then test."""
        data, test = (self.root / name for name in self.files)
        return [(data, stratified_shares(self.labels(data), test=0)), (test, None)]

    def write_files(self, root: Path) -> None:
        """Twenty rows and two test rows, with missing values."""
        write_adult(*(root / name for name in self.files))
