"""The handcrafted views of SimCLR (Chen et al. 2020, arXiv 2002.05709, appendix A) for images.

Random resized crop, horizontal flip, colour jitter, grey, blur, in the order and at the strengths
of the recipe that the published viewmaker is compared with. The flip stays for digits, which it
spoils: it is part of that recipe.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module

import torch
from torch import Generator, Tensor

from vmbench.errors import missing_package
from vmbench.views.base import ViewContext, ViewFamily
from vmbench_baselines.distortion import Distortion, DistortionMethod

CROP_AREA = (0.2, 1.0)
SMALLEST_AREA = 0.05  # however strong the crop
CROP_ASPECT = (3 / 4, 4 / 3)
JITTER = 0.4  # brightness, contrast, saturation
HUE = 0.1
JITTER_PROBABILITY = 0.8
GREY_PROBABILITY = 0.2
BLUR_SIGMA = (0.1, 2.0)  # pixels
BLUR_REACH = 2  # of the widest sigma, that the kernel has to both sides
BLUR_PROBABILITY = 0.5
FLIP_PROBABILITY = 0.5
RGB = 3


def odd_kernel(size: int, sigma: float) -> int:
    """Blur's kernel along an axis of ``size`` pixels: reflection must find the pixels it needs.

    >>> [odd_kernel(size, sigma=2.0) for size in (32, 3, 1)]
    [9, 5, 1]
    """
    return min(2 * math.ceil(BLUR_REACH * sigma) + 1, 2 * size - 1)


@contextmanager
def global_randomness_from(generator: Generator) -> Iterator[None]:
    """Let code that draws from the global CPU generator follow ``generator``, then restore it."""
    seed = torch.randint(2**62, (), generator=generator, device=generator.device).item()
    with torch.random.fork_rng(devices=[]):
        # Not torch.manual_seed, which would reseed the accelerators too.
        torch.default_generator.manual_seed(int(seed))
        yield


class SimCLRImage(Distortion):
    """The recipe for a Grid of any number of channels.

    Three channels are red, green and blue. Any other number has no colour: brightness and contrast
    are jittered, all channels alike, and there is no saturation, hue or grey.

    Jitter works on 0..1: the valid range is mapped there, or for unbounded (normalised) data the
    mean and three standard deviations to both sides, beyond which jitter clips.

    Raises:
        UserError: if kornia is not installed.
    """

    def __init__(self, context: ViewContext, strength: float = 1.0) -> None:
        super().__init__(context, strength)
        try:
            kornia = import_module("kornia.augmentation")
        except ImportError as error:
            raise missing_package("kornia", "image", "method 'simclr-image'") from error
        channels, height, width = context.spec.shape
        strength = self.strength
        area = (max(SMALLEST_AREA, 1 - strength * (1 - CROP_AREA[0])), CROP_AREA[1])
        jitter = [strength * JITTER] * (3 if channels == RGB else 2)
        if channels == RGB:
            jitter.append(strength * HUE)
        sigma = (BLUR_SIGMA[0], max(BLUR_SIGMA[0], strength * BLUR_SIGMA[1]))
        steps: list[Callable[[Tensor], Tensor]] = [
            # Its other mode, slices, loops over the examples.
            kornia.RandomResizedCrop((height, width), area, CROP_ASPECT, cropping_mode="resample"),
            kornia.RandomHorizontalFlip(p=FLIP_PROBABILITY),
            kornia.ColorJitter(*jitter, p=JITTER_PROBABILITY),
        ]
        if channels == RGB:
            steps.append(kornia.RandomGrayscale(p=min(1.0, strength * GREY_PROBABILITY)))
        kernel = (odd_kernel(height, sigma[1]), odd_kernel(width, sigma[1]))
        steps.append(kornia.RandomGaussianBlur(kernel, sigma, p=BLUR_PROBABILITY))
        # A tuple hides them from Module.to: kornia draws where its modules are, and must do so on
        # the CPU, whose generator alone is borrowed below.
        self.steps = tuple(steps)
        self.low, self.span = _interval(context)

    def distort(self, x: Tensor, generator: Generator) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W); kornia draws for each example, but jitter's order once."""
        view = (x - self.low) / self.span
        with global_randomness_from(generator):
            for step in self.steps:
                view = step(view)
        return self.low + self.span * view


def _interval(context: ViewContext) -> tuple[float, float]:
    if context.value_range is not None:
        low, high = context.value_range
        return low, high - low
    sd, mean = torch.std_mean(context.reference, correction=0)
    return float(mean - 3 * sd), float(6 * sd) or 1.0


class SimCLRImageMethod(DistortionMethod):
    """Images' handcrafted views."""

    name = "simclr-image"
    summary = "handcrafted image views: resized crop, flip, colour jitter, grey, blur"
    kind = "handcrafted"
    specs = ("grid",)
    paper = "Chen et al. 2020, arXiv 2002.05709"

    def views(self, context: ViewContext) -> ViewFamily:
        """The recipe at the size and in the range of ``context``'s images."""
        return SimCLRImage(context, self.settings.strength)
