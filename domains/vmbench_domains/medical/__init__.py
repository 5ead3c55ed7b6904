"""Medical: physiological signals and clinical measurements."""

from vmbench.domain import Domain


class MedicalDomain(Domain):
    """Signals as a Sequence (channels, T); measurements of a patient as a Vector."""

    name = "medical"
    summary = "physiological signals and clinical measurements"
    datasets = {
        "pig-cvp": "vmbench_domains.medical.pig_cvp:PigCVP",
        "breast-cancer": "vmbench_domains.medical.breast_cancer:BreastCancer",
    }
    default = "pig-cvp"
    handcrafted = {"sequence": "crop-jitter-scale", "vector": "scarf"}
