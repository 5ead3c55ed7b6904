"""A pretraining as a scikit-learn transformer."""

from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, TransformerMixin

from vmbench.errors import UserError
from vmbench.pretrained.encoder import BATCH, PretrainedEncoder, load


class Featurizer(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Features of a pretrained encoder, for a ``Pipeline``, ``cross_val_score`` and their like.

    ``fit`` learns nothing: it loads the encoder and looks at the shape of ``X``. Examples are in
    the dataset's units, as :meth:`~vmbench.pretrained.encoder.PretrainedEncoder.features` takes
    them, (N, *spec.shape), or with each flat, (N, numbers of an example). Columns of a data frame
    must be those of the pretraining, by name.

    Args:
        pretraining: its folder, or its name below ``out``.
        device: where it runs.
        bins: that each axis of the last maps is pooled to; None: those of the pretraining.
        batch_size: examples that go through the network at once.
        out: where pretrainings lie.

    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> make_pipeline(Featurizer("runs/pretrainings/..."), LogisticRegression())  # doctest: +SKIP
    """

    def __init__(
        self,
        pretraining: str | Path,
        *,
        device: str = "cpu",
        bins: int | None = None,
        batch_size: int = BATCH,
        out: str | Path = "runs",
    ) -> None:
        self.pretraining = pretraining
        self.device = device
        self.bins = bins
        self.batch_size = batch_size
        self.out = out

    def fit(self, X: Any, y: Any = None) -> Self:  # noqa: N803 - scikit-learn's name
        """Load the encoder; raises :class:`UserError` where it does not take ``X``."""
        self.encoder_ = load(self.pretraining, device=self.device, out=self.out)
        self.n_features_in_ = self.encoder_.spec.numel
        self._examples(X)
        return self

    def transform(self, X: Any) -> npt.NDArray[np.float32]:  # noqa: N803
        """Features (N, D), float32."""
        encoder: PretrainedEncoder = self._encoder()
        features: npt.NDArray[np.float32] = encoder.features(
            self._examples(X), bins=self.bins, batch_size=self.batch_size
        )
        return features

    def get_feature_names_out(self, input_features: Any = None) -> npt.NDArray[np.object_]:
        """``f0``, ``f1`` ..., as ``vmbench embed`` names them."""
        del input_features
        shape = (1, *self._encoder().spec.shape)
        width = self._encoder().features(np.zeros(shape, np.float32), bins=self.bins).shape[1]
        return np.array([f"f{i}" for i in range(width)], object)

    def __sklearn_is_fitted__(self) -> bool:
        """There is nothing to learn, but an encoder to load."""
        return hasattr(self, "encoder_")

    def _encoder(self) -> PretrainedEncoder:
        from sklearn.utils.validation import check_is_fitted

        check_is_fitted(self)
        return self.encoder_

    def _examples(self, x: Any) -> npt.NDArray[Any]:
        encoder = self.encoder_
        names = tuple(map(str, getattr(x, "columns", ())))
        if names and encoder.channels and names != encoder.channels:
            odd = next((n for n in encoder.channels if n not in names), None)
            raise UserError(
                f"the columns of X are not those of {encoder.folder.name}: "
                + (f"'{odd}' is lacking" if odd else "they are more, or in another order")
                + " (encoder.channels names them: X[list(encoder.channels)])"
            )
        array = np.asarray(x)
        if array.ndim == 2 and array.shape[1:] == (encoder.spec.numel,):
            return array.reshape(len(array), *encoder.spec.shape)
        return array
