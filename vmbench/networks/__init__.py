"""Networks built from a spec alone: viewmakers and encoders for Grid, Sequence and Vector."""

from vmbench.networks.encoder import Architecture, Encoder, build_encoder
from vmbench.networks.mlp import MLP
from vmbench.networks.resnet import ResNet, ResNet18, ResNet50
from vmbench.networks.viewmaker import ConvViewmaker, MLPViewmaker, Viewmaker

__all__ = [
    "MLP",
    "Architecture",
    "ConvViewmaker",
    "Encoder",
    "MLPViewmaker",
    "ResNet",
    "ResNet18",
    "ResNet50",
    "Viewmaker",
    "build_encoder",
]
