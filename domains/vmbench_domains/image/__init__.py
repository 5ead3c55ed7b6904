"""Image: small images in 0..1."""

from vmbench.data.domain import Domain
from vmbench_domains.presets import presets_of


class ImageDomain(Domain):
    """Images as a Grid (channels, height, width) of values in 0..1, not normalised."""

    name = "image"
    summary = "small images, grey or in colour"
    datasets = {
        "mnist": "vmbench_domains.image.mnist:Mnist",
        "digits": "vmbench_domains.image.digits:Digits",
        "cifar-10": "vmbench_domains.image.cifar:Cifar10",
        "cifar-100": "vmbench_domains.image.cifar:Cifar100",
        "cifar-10-c": "vmbench_domains.image.cifar_c:Cifar10C",
        "fashion-mnist": "vmbench_domains.image.idx_sets:FashionMnist",
        "fashion-mnist-rgb": "vmbench_domains.image.idx_sets:FashionMnistRGB",
        "mnist-full": "vmbench_domains.image.idx_sets:MnistFull",
        "mnist-full-rgb": "vmbench_domains.image.idx_sets:MnistFullRGB",
        "aircraft": "vmbench_domains.image.aircraft:Aircraft",
        "cub-200": "vmbench_domains.image.cub:Cub200",
        "dtd": "vmbench_domains.image.dtd:Dtd",
        "gtsrb": "vmbench_domains.image.gtsrb:Gtsrb",
        "vgg-flower": "vmbench_domains.image.flowers:VggFlower",
        "celeba": "vmbench_domains.image.celeba:CelebA",
        "mscoco": "vmbench_domains.image.mscoco:Mscoco",
        "fungi": "vmbench_domains.image.fungi:Fungi",
        "lsun": "vmbench_domains.image.lsun:Lsun",
        "eurosat": "vmbench_domains.image.eurosat:EuroSat",
        "wm-811k": "vmbench_domains.image.wafers:WM811K",
        "cub-200-reference": "vmbench_domains.image.cub:Cub200Reference",
        "gtsrb-reference": "vmbench_domains.image.gtsrb:GtsrbReference",
        "vgg-flower-reference": "vmbench_domains.image.flowers:VggFlowerReference",
        "mscoco-reference": "vmbench_domains.image.mscoco:MscocoReference",
        "image-folder": "vmbench_domains.image.folder:ImageFolder",
    }
    default = "mnist"
    handcrafted = {"grid": "simclr-image"}
    presets = presets_of("image")
