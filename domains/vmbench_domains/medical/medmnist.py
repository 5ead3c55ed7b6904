"""The 2-D sets of MedMNIST v2: classes as in the publisher's ``info.py``."""

from vmbench.data.dataset import Card, Task
from vmbench.data.specs import Grid
from vmbench_domains.download import Download
from vmbench_domains.medical.chestx_ray14 import FINDINGS
from vmbench_domains.medical.npz import NpzImages

SPLIT_RULE = "the publisher's train, val and test"
GREY, RGB = Grid(1, 28, 28), Grid(3, 28, 28)
PLACES = ("medmnist", "MedMNIST", ".medmnist", ".")
ORGANS = (
    "bladder", "femur-left", "femur-right", "heart", "kidney-left", "kidney-right", "liver",
    "lung-left", "lung-right", "pancreas", "spleen",
)  # fmt: skip


def _card(source: str, licence: str = "CC BY 4.0") -> Card:
    return Card(
        licence=licence,
        citation=f"Yang et al. 2023, MedMNIST v2, Scientific Data 10; from {source}",
        homepage="https://medmnist.com (https://doi.org/10.5281/zenodo.10519652)",
        notes="28x28 pixels; the publisher's larger versions are read by 'npz'.",
    )


def _download(name: str, md5: str) -> tuple[Download, ...]:
    """The file on Zenodo, with the checksum of the publisher's ``info.py``."""
    url = f"https://zenodo.org/records/10519652/files/{name}.npz?download=1"
    return (Download(url, "medmnist", f"md5:{md5}"),)


class MedMnist(NpzImages):
    """Base of these sets: one file each, 28x28."""

    revision = "1"
    places = PLACES


class PneumoniaMnist(MedMnist):
    """Chest X-rays of children, with and without pneumonia."""

    name = "pneumoniamnist"
    files = ("pneumoniamnist.npz",)
    downloads = _download("pneumoniamnist", "28209eda62fecd6e6a2d98b1501bb15f")
    spec = GREY
    tasks = (Task("pneumonia", ("normal", "pneumonia"), SPLIT_RULE),)
    card = _card("Kermany et al. 2018, Cell 172")


class ChestMnist(MedMnist):
    """ChestX-ray14 at 28x28: 14 findings, several at once or none."""

    name = "chestmnist"
    files = ("chestmnist.npz",)
    downloads = _download("chestmnist", "02c8a6516a18b556561a56cbdd36c4a8")
    spec = GREY
    tasks = (
        Task(
            "finding",
            tuple(finding.lower().replace("_", " ") for finding in FINDINGS),
            SPLIT_RULE,
            kind="multilabel",
        ),
    )
    card = _card("Wang et al. 2017, ChestX-ray8, CVPR")


class BreastMnist(MedMnist):
    """Ultrasound images of breasts."""

    name = "breastmnist"
    files = ("breastmnist.npz",)
    downloads = _download("breastmnist", "750601b1f35ba3300ea97c75c52ff8f6")
    spec = GREY
    tasks = (Task("tumour", ("malignant", "normal, benign"), SPLIT_RULE),)
    card = _card("Al-Dhabyani et al. 2020, Data in Brief 28")


class BloodMnist(MedMnist):
    """Microscope images of single blood cells."""

    name = "bloodmnist"
    files = ("bloodmnist.npz",)
    downloads = _download("bloodmnist", "7053d0359d879ad8a5505303e11de1dc")
    spec = RGB
    tasks = (
        Task(
            "cell",
            (
                "basophil",
                "eosinophil",
                "erythroblast",
                "immature granulocytes",
                "lymphocyte",
                "monocyte",
                "neutrophil",
                "platelet",
            ),
            SPLIT_RULE,
        ),
    )
    card = _card("Acevedo et al. 2020, Data in Brief 30")


class PathMnist(MedMnist):
    """Patches of colorectal tissue; the test comes from another clinic."""

    name = "pathmnist"
    files = ("pathmnist.npz",)
    downloads = _download("pathmnist", "a8b06965200029087d5bd730944a56c1")
    spec = RGB
    tasks = (
        Task(
            "tissue",
            (
                "adipose",
                "background",
                "debris",
                "lymphocytes",
                "mucus",
                "smooth muscle",
                "normal colon mucosa",
                "cancer-associated stroma",
                "adenocarcinoma epithelium",
            ),
            SPLIT_RULE,
        ),
    )
    card = _card("Kather et al. 2019, PLOS Medicine 16")


class DermaMnist(MedMnist):
    """Dermatoscope images of pigmented lesions."""

    name = "dermamnist"
    files = ("dermamnist.npz",)
    downloads = _download("dermamnist", "0744692d530f8e62ec473284d019b0c7")
    spec = RGB
    tasks = (
        Task(
            "lesion",
            (
                "actinic keratoses",
                "basal cell carcinoma",
                "benign keratosis-like lesions",
                "dermatofibroma",
                "melanoma",
                "melanocytic nevi",
                "vascular lesions",
            ),
            SPLIT_RULE,
        ),
    )
    card = _card("Tschandl et al. 2018, HAM10000", "CC BY-NC 4.0")


class OctMnist(MedMnist):
    """Optical coherence tomography of retinas."""

    name = "octmnist"
    files = ("octmnist.npz",)
    downloads = _download("octmnist", "c68d92d5b585d8d81f7112f81e2d0842")
    spec = GREY
    tasks = (
        Task(
            "disease",
            ("choroidal neovascularization", "diabetic macular edema", "drusen", "normal"),
            SPLIT_RULE,
        ),
    )
    card = _card("Kermany et al. 2018, Cell 172")


class OrganAMnist(MedMnist):
    """Organs in axial slices of abdominal CT."""

    name = "organamnist"
    files = ("organamnist.npz",)
    downloads = _download("organamnist", "68e3f8846a6bd62f0c9bf841c0d9eacc")
    spec = GREY
    tasks = (Task("organ", ORGANS, SPLIT_RULE),)
    card = _card("Bilic et al. 2023, LiTS")
