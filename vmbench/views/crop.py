"""Local crops of views, for multi-crop training (Caron et al. 2020, arXiv 2006.09882)."""

import torch
from torch import Generator, Tensor

SIDE = 96 / 224  # of a local view over that of a full one, as published


def local_space(space: tuple[int, ...]) -> tuple[int, ...]:
    """Bins along each axis of a local crop of examples of ``space``.

    >>> local_space((224, 224)), local_space((2,))
    ((96, 96), (1,))
    """
    return tuple(max(1, round(SIDE * bins)) for bins in space)


def local_crop(x: Tensor, space: tuple[int, ...], generator: Generator) -> Tensor:
    """A window of each example, at a uniform place of its own and as the example is: not resized.

    Args:
        x: views (B, C, ...) of one or two axes of space.
        space: bins of the window along each axis; an axis that has no more is kept whole.
        generator: of the places, on x's device.

    Returns:
        (B, C, *space).
    """
    for axis, bins in enumerate(space, start=2):
        room = x.shape[axis] - bins
        if room <= 0:
            continue
        start = torch.randint(room + 1, (len(x),), generator=generator, device=generator.device)
        index = start[:, None] + torch.arange(bins, device=x.device)
        shape = [len(x), *[1] * (x.dim() - 1)]
        shape[axis] = bins
        x = x.gather(axis, index.view(shape).expand(*x.shape[:axis], bins, *x.shape[axis + 1 :]))
    return x
