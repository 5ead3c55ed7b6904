"""Medical: physiological signals, clinical measurements and images."""

from vmbench.data.domain import Domain
from vmbench_domains.presets import presets_of


class MedicalDomain(Domain):
    """Signals as a Sequence (channels, T); measurements of a patient as a Vector;
    images as a Grid in 0..1.
    """

    name = "medical"
    summary = "physiological signals, clinical measurements and images"
    datasets = {
        "pig-cvp": "vmbench_domains.medical.pig_cvp:PigCVP",
        "breast-cancer": "vmbench_domains.medical.breast_cancer:BreastCancer",
        "ecg5000": "vmbench_domains.medical.ucr:Ecg5000",
        "ucr": "vmbench_domains.medical.ucr:UcrText",
        "pneumoniamnist": "vmbench_domains.medical.medmnist:PneumoniaMnist",
        "chestmnist": "vmbench_domains.medical.medmnist:ChestMnist",
        "breastmnist": "vmbench_domains.medical.medmnist:BreastMnist",
        "bloodmnist": "vmbench_domains.medical.medmnist:BloodMnist",
        "dermamnist": "vmbench_domains.medical.medmnist:DermaMnist",
        "octmnist": "vmbench_domains.medical.medmnist:OctMnist",
        "organamnist": "vmbench_domains.medical.medmnist:OrganAMnist",
        "pathmnist": "vmbench_domains.medical.medmnist:PathMnist",
        "mit-bih": "vmbench_domains.medical.mit_bih:MitBih",
        "ptb-xl": "vmbench_domains.medical.ptb_xl:PtbXl",
        "chestx-ray14": "vmbench_domains.medical.chestx_ray14:ChestXray14",
        "chexpert": "vmbench_domains.medical.chexpert:CheXpert",
        "npz": "vmbench_domains.medical.npz:NpzFile",
    }
    default = "pig-cvp"
    handcrafted = {"grid": "simclr-image", "sequence": "crop-jitter-scale", "vector": "scarf"}
    presets = presets_of("medical")
