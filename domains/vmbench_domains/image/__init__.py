"""Image: small grey images in 0..1."""

from vmbench.domain import Domain


class ImageDomain(Domain):
    """Images as a Grid (channels, height, width) of values in 0..1, not normalised."""

    name = "image"
    summary = "small grey images of handwritten digits"
    datasets = {
        "mnist": "vmbench_domains.image.mnist:Mnist",
        "digits": "vmbench_domains.image.digits:Digits",
    }
    default = "mnist"
    handcrafted = {"grid": "simclr-image"}
    presets = {"small": {"epsilon": 0.1}}
