"""What this room registers: names, targets and summaries; importing this loads none of them."""

from vmbench.data.specs import ALL_KINDS
from vmbench.registry import Entry

ENTRIES: list[Entry] = [
    Entry(
        "method",
        "simclr-image",
        "vmbench_baselines.simclr_image:SimCLRImageMethod",
        "handcrafted image views: resized crop, flip, colour jitter, grey, blur",
        {"views": "handcrafted", "specs": ("grid",), "paper": "Chen et al. 2020, arXiv 2002.05709"},
    ),
    Entry(
        "method",
        "specaugment",
        "vmbench_baselines.specaugment:SpecAugment",
        "handcrafted speech spectrogram views: a frequency and a time mask, then noise",
        {"views": "handcrafted", "specs": ("grid",), "paper": "Park et al. 2019, arXiv 1904.08779"},
    ),
    Entry(
        "method",
        "spectral",
        "vmbench_baselines.specaugment:Spectral",
        "handcrafted sensor spectrogram views: a frequency and a time mask",
        {
            "views": "handcrafted",
            "specs": ("grid",),
            "paper": "Tamkin et al. 2021, arXiv 2010.07432",
        },
    ),
    Entry(
        "method",
        "spectral-noise",
        "vmbench_baselines.specaugment:SpectralNoise",
        "spectral, then noise: what specaugment is on speech",
        {
            "views": "handcrafted",
            "specs": ("grid",),
            "paper": "Tamkin et al. 2021, arXiv 2010.07432",
        },
    ),
    Entry(
        "method",
        "waveform",
        "vmbench_baselines.waveform:WaveformMethod",
        "handcrafted waveform views: a crop in silence, white noise",
        {
            "views": "handcrafted",
            "specs": ("sequence",),
            "paper": "Tamkin et al. 2021, arXiv 2010.07432",
        },
    ),
    Entry(
        "method",
        "waveform-pitch-loudness",
        "vmbench_baselines.waveform:WaveformPitchLoudness",
        "waveform, with pitch and loudness changed before",
        {
            "views": "handcrafted",
            "specs": ("sequence",),
            "paper": "Tamkin et al. 2021, arXiv 2010.07432",
        },
    ),
    Entry(
        "method",
        "jitter-warp",
        "vmbench_baselines.jitter_warp:JitterWarpMethod",
        "handcrafted views of raw windows: permuted segments, time warp, scale, jitter",
        {
            "views": "handcrafted",
            "specs": ("sequence",),
            "paper": "Um et al. 2017, arXiv 1706.00527",
        },
    ),
    Entry(
        "method",
        "crop-jitter-scale",
        "vmbench_baselines.crop_jitter_scale:CropJitterScaleMethod",
        "handcrafted views of signals: resized crop, scale, jitter",
        {
            "views": "handcrafted",
            "specs": ("sequence",),
            "paper": "Mehari and Strodthoff 2022, arXiv 2103.12676",
        },
    ),
    Entry(
        "method",
        "scarf",
        "vmbench_baselines.scarf:ScarfMethod",
        "handcrafted table views: 60% of the features drawn from their marginals",
        {
            "views": "handcrafted",
            "specs": ("vector",),
            "paper": "Bahri et al. 2022, arXiv 2106.15147",
        },
    ),
    Entry(
        "method",
        "gaussian-noise",
        "vmbench_baselines.gaussian_noise:GaussianNoiseMethod",
        "fixed views: white noise of a quarter of the data's sd",
        {"views": "fixed", "specs": ALL_KINDS, "paper": ""},
    ),
    Entry(
        "method",
        "randomized-quantization",
        "vmbench_baselines.randomized_quantization:RandomizedQuantizationMethod",
        "fixed views: each channel quantised to 8 random bins",
        {"views": "fixed", "specs": ALL_KINDS, "paper": "Wu et al. 2023, arXiv 2212.08663"},
    ),
    Entry(
        "method",
        "cutout",
        "vmbench_baselines.cutout:CutoutMethod",
        "fixed views: a random quarter of the example hidden",
        {
            "views": "fixed",
            "specs": ALL_KINDS,
            "paper": "DeVries and Taylor 2017, arXiv 1708.04552",
        },
    ),
    Entry(
        "method",
        "mixup",
        "vmbench_baselines.mixup:Mixup",
        "fixed views: examples mixed in pairs, labels mixed in its own objective (i-Mix)",
        {"views": "fixed", "specs": ALL_KINDS, "paper": "Lee et al. 2021, arXiv 2010.08887"},
    ),
    Entry(
        "method",
        "mae",
        "vmbench_baselines.mae:MAE",
        "no views: masked reconstruction",
        {"views": "none", "specs": ALL_KINDS, "paper": "He et al. 2022, arXiv 2111.06377"},
    ),
    Entry(
        "method",
        "emix",
        "vmbench_baselines.emix:EMixMethod",
        "no views: embeddings mixed in pairs, labels mixed in its own objective",
        {"views": "none", "specs": ALL_KINDS, "paper": "Tamkin et al. 2021, arXiv 2111.12062"},
    ),
    Entry(
        "method",
        "shed",
        "vmbench_baselines.shed:ShED",
        "no views: detection of shuffled patches, segments or features",
        {"views": "none", "specs": ALL_KINDS, "paper": "Tamkin et al. 2021, arXiv 2111.12062"},
    ),
    Entry(
        "method",
        "random-init",
        "vmbench_baselines.random_init:RandomInit",
        "yardstick, a floor: the same encoder, never trained, batch norms as built: identities",
        {"views": "none", "specs": ALL_KINDS, "paper": ""},
    ),
    Entry(
        "method",
        "random-init-calibrated",
        "vmbench_baselines.random_init:RandomInitCalibrated",
        "yardstick, a floor: the same weights, batch norms calibrated: where pretraining starts",
        {"views": "none", "specs": ALL_KINDS, "paper": ""},
    ),
    Entry(
        "method",
        "raw-features",
        "vmbench_baselines.raw_features:RawFeatures",
        "yardstick, a floor: the pooled input itself, no encoder",
        {"views": "none", "specs": ALL_KINDS, "paper": ""},
    ),
    Entry(
        "method",
        "supervised",
        "vmbench_baselines.supervised:Supervised",
        "yardstick, the ceiling: the same encoder trained on the labels",
        {"views": "none", "specs": ALL_KINDS, "paper": ""},
    ),
]
