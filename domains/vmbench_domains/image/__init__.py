"""Image: small images in 0..1."""

from vmbench.domain import Domain


class ImageDomain(Domain):
    """Images as a Grid (channels, height, width) of values in 0..1, not normalised."""

    name = "image"
    summary = "small images, grey or in colour"
    datasets = {
        "mnist": "vmbench_domains.image.mnist:Mnist",
        "digits": "vmbench_domains.image.digits:Digits",
        "cifar-10": "vmbench_domains.image.cifar:Cifar10",
        "cifar-100": "vmbench_domains.image.cifar:Cifar100",
        "fashion-mnist": "vmbench_domains.image.idx_sets:FashionMnist",
        "fashion-mnist-rgb": "vmbench_domains.image.idx_sets:FashionMnistRGB",
        "mnist-full": "vmbench_domains.image.idx_sets:MnistFull",
        "mnist-full-rgb": "vmbench_domains.image.idx_sets:MnistFullRGB",
        "image-folder": "vmbench_domains.image.folder:ImageFolder",
    }
    default = "mnist"
    handcrafted = {"grid": "simclr-image"}
    presets = {"small": {"epsilon": 0.1}}
