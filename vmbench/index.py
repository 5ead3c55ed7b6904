"""What the core registers: names, targets and summaries; importing this loads none of them."""

from vmbench.data.specs import ALL_KINDS
from vmbench.registry import Entry

_VIEWMAKER_PAPER = "Tamkin et al. 2021, arXiv 2010.07432"

ENTRIES: list[Entry] = [
    Entry(
        "method",
        "viewmaker",
        "vmbench.views.viewmaker:ViewmakerMethod",
        "learned views: a stochastic L1-bounded adversary trained with the encoder",
        {"views": "learned", "specs": ALL_KINDS, "paper": _VIEWMAKER_PAPER},
    ),
    Entry(
        "method",
        "viewmaker+handcrafted",
        "vmbench.views.viewmaker_handcrafted:ViewmakerHandcrafted",
        "the domain's handcrafted views, then the viewmaker's perturbation as a supplement",
        {"views": "learned", "specs": ALL_KINDS, "paper": _VIEWMAKER_PAPER},
    ),
    Entry(
        "method",
        "divmaker",
        "vmbench.views.divmaker:Divmaker",
        "learned views without an adversary: trained to differ from one another",
        {
            "views": "learned",
            "specs": ALL_KINDS,
            "paper": "Bayrooti et al. 2023, arXiv 2302.05757",
        },
    ),
    Entry(
        "objective",
        "simclr",
        "vmbench.objectives.simclr:SimCLR",
        "canonical NT-Xent, symmetric, without self-similarity",
        {"kind": "contrastive", "specs": ALL_KINDS, "paper": "Chen et al. 2020, arXiv 2002.05709"},
    ),
    Entry(
        "objective",
        "simclr-reference",
        "vmbench.objectives.simclr_reference:SimCLRReference",
        "the one-directional loss of the published viewmaker system",
        {"kind": "contrastive", "specs": ALL_KINDS, "paper": _VIEWMAKER_PAPER},
    ),
    Entry(
        "objective",
        "instdisc",
        "vmbench.objectives.instdisc:InstDisc",
        "noise-contrastive estimation against a memory bank of every example",
        {"kind": "contrastive", "specs": ALL_KINDS, "paper": "Wu et al. 2018, arXiv 1805.01978"},
    ),
    Entry(
        "objective",
        "instdisc-reference",
        "vmbench.objectives.instdisc_reference:InstDiscReference",
        "the published viewmaker system's InstDisc: a ratio over memories drawn per example",
        {"kind": "contrastive", "specs": ALL_KINDS, "paper": _VIEWMAKER_PAPER},
    ),
    Entry(
        "objective",
        "moco",
        "vmbench.objectives.moco:MoCo",
        "contrast with a queue of a momentum encoder's keys",
        {"kind": "contrastive", "specs": ALL_KINDS, "paper": "He et al. 2020, arXiv 1911.05722"},
    ),
    Entry(
        "objective",
        "byol",
        "vmbench.objectives.byol:BYOL",
        "predict a momentum encoder's projection of the other view; no negatives",
        {"kind": "predictive", "specs": ALL_KINDS, "paper": "Grill et al. 2020, arXiv 2006.07733"},
    ),
    Entry(
        "objective",
        "simsiam",
        "vmbench.objectives.simsiam:SimSiam",
        "predict the other view's projection, gradient stopped; no negatives",
        {"kind": "predictive", "specs": ALL_KINDS, "paper": "Chen and He 2021, arXiv 2011.10566"},
    ),
    Entry(
        "objective",
        "swav",
        "vmbench.objectives.swav:SwAV",
        "predict the other view's balanced assignment to prototypes",
        {"kind": "clustering", "specs": ALL_KINDS, "paper": "Caron et al. 2020, arXiv 2006.09882"},
    ),
    Entry(
        "encoder",
        "resnet18",
        "vmbench.networks.resnet:ResNet18",
        "residual network of 18 layers over one or two axes",
        {"specs": ("grid", "sequence")},
    ),
    Entry(
        "encoder",
        "resnet50",
        "vmbench.networks.resnet:ResNet50",
        "residual network of 50 layers over one or two axes",
        {"specs": ("grid", "sequence")},
    ),
    Entry(
        "encoder",
        "mlp",
        "vmbench.networks.mlp:MLP",
        "residual MLP for table rows",
        {"specs": ALL_KINDS},
    ),
    Entry(
        "evaluation",
        "linear",
        "vmbench.evaluation.linear:LinearEvaluation",
        "logistic regression on frozen features (the default)",
        {"paper": "Kornblith et al. 2019, arXiv 1805.08974"},
    ),
    Entry(
        "evaluation",
        "knn",
        "vmbench.evaluation.knn:KNNEvaluation",
        "weighted nearest neighbours on frozen features",
        {"paper": "Wu et al. 2018, arXiv 1805.01978"},
    ),
    Entry(
        "evaluation",
        "finetune",
        "vmbench.evaluation.finetune:FinetuneEvaluation",
        "the encoder and a linear layer trained end to end",
        {"paper": "Kornblith et al. 2019, arXiv 1805.08974"},
    ),
    Entry(
        "evaluation",
        "fewshot",
        "vmbench.evaluation.fewshot:FewShotEvaluation",
        "logistic regression on 1, 5, 10 labels per class and on 1%",
    ),
    Entry(
        "evaluation",
        "robustness",
        "vmbench.evaluation.robustness:RobustnessEvaluation",
        "the linear probe on corrupted test inputs",
        {"paper": "Hendrycks and Dietterich 2019, arXiv 1903.12261"},
    ),
]
