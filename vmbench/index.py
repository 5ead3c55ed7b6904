"""What the core registers: names, targets and summaries; importing this imports nothing else."""

from vmbench.registry import Entry

_VIEWMAKER_PAPER = "Tamkin et al. 2021, arXiv 2010.07432"

ENTRIES: list[Entry] = [
    Entry(
        "method",
        "viewmaker",
        "vmbench.methods.viewmaker:ViewmakerMethod",
        "learned views: a stochastic L1-bounded adversary trained with the encoder",
        {"views": "learned", "specs": ("grid", "sequence", "vector"), "paper": _VIEWMAKER_PAPER},
    ),
    Entry(
        "objective",
        "simclr",
        "vmbench.objectives.simclr:SimCLR",
        "canonical NT-Xent, symmetric, without self-similarity",
        {"paper": "Chen et al. 2020, arXiv 2002.05709"},
    ),
    Entry(
        "objective",
        "simclr-reference",
        "vmbench.objectives.simclr_reference:SimCLRReference",
        "the one-directional loss of the published viewmaker system",
        {"paper": _VIEWMAKER_PAPER},
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
        {"specs": ("grid", "sequence", "vector")},
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
