"""The 8x8 handwritten digits that scikit-learn carries."""

import numpy as np
import numpy.typing as npt

from vmbench.data.dataset import Card, Task
from vmbench_domains.image.labelled import DIGIT_NAMES, LabelledImages
from vmbench_domains.packaged import import_carrier

BRIGHTEST = 16  # each pixel counts the inked cells of a 4x4 block


class Digits(LabelledImages):
    """1,797 handwritten digits, 8x8, enlarged bilinearly to 32x32."""

    name = "digits"
    revision = "1"
    held_out = (200, 400)
    tasks = (
        Task(
            "digit",
            DIGIT_NAMES,
            "200 of 1,797 rows held out for val, 400 for test, stratified by digit; the package "
            "does not say who wrote a digit, so one writer may be on both sides",
        ),
    )
    card = Card(
        licence="CC BY 4.0",
        citation="Alpaydin, Kaynak 1998, Optical Recognition of Handwritten Digits, UCI Machine "
        "Learning Repository",
        homepage="https://archive.ics.uci.edu/dataset/80",
        notes="The test file of the UCI data: 13 writers.",
    )
    package = ("sklearn", "image")

    def images(self) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
        """Images (1797, 1, 32, 32) in 0..1, and digits (1797,)."""
        import torch
        from torch.nn.functional import interpolate

        bunch = import_carrier(self, "sklearn.datasets").load_digits()
        small = torch.from_numpy(bunch.images.astype(np.float32) / BRIGHTEST).unsqueeze(1)
        large = interpolate(small, size=self.spec.shape[1:], mode="bilinear", align_corners=False)
        return large.numpy(), bunch.target
