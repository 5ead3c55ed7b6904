"""Predictions of weighted nearest neighbours (Wu et al. 2018, arXiv 1805.01978, section 3.4)."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from vmbench.data.labels import Labels
from vmbench.evaluation.linear_models import Features
from vmbench.evaluation.metrics import Predictions

CHUNK = 1024  # queries whose similarities to all training features are held at once

Setting = tuple[int, float]


def knn_predict(
    bank: Features, labels: Labels, queries: Features, settings: list[Setting]
) -> list[Predictions]:
    """Predicted classes of ``queries``, per (k, temperature) of ``settings``.

    Args:
        bank: (N, D) features that vote; any scale, they are L2-normalised here.
        labels: (N,) class indices of the bank.
        queries: (M, D).
        settings: pairs of k >= 1 (more than N counts as N) and a temperature > 0.

    Returns:
        (M,) class indices per pair; among classes with equal votes the lowest index.
    """
    classes = int(labels.max()) + 1
    voters = torch.from_numpy(labels)

    def vote(nearest: Tensor, weights: Tensor) -> Tensor:
        votes = torch.zeros(len(nearest), classes)
        votes.scatter_add_(1, voters[nearest], weights)
        return votes.argmax(1)

    return _per_setting(bank, queries, settings, vote)


def knn_mean(
    bank: Features, labels: Labels, queries: Features, settings: list[Setting]
) -> list[Predictions]:
    """Weighted mean of the neighbours' labels, per (k, temperature) of ``settings``.

    Args:
        bank: as for :func:`knn_predict`.
        labels: (N, K) 0 or 1 per class, or (N,) targets.
        queries: (M, D).
        settings: as for :func:`knn_predict`.

    Returns:
        (M, K) or (M,) per pair, float64.
    """
    values = torch.from_numpy(labels).double()

    def average(nearest: Tensor, weights: Tensor) -> Tensor:
        shares = weights.double() / weights.double().sum(1, keepdim=True)
        return torch.einsum("mk,mk...->m...", shares, values[nearest])

    return _per_setting(bank, queries, settings, average)


def _per_setting(
    bank: Features,
    queries: Features,
    settings: list[Setting],
    decide: Callable[[Tensor, Tensor], Tensor],
) -> list[Any]:
    """``decide`` on the neighbours of each query, (m, k), and their weights, per setting."""
    unit_bank = functional.normalize(torch.from_numpy(bank), dim=1)
    unit_queries = functional.normalize(torch.from_numpy(queries), dim=1)
    most = min(len(bank), max(k for k, _ in settings))
    found: list[list[Tensor]] = [[] for _ in settings]
    for start in range(0, len(unit_queries), CHUNK):
        chunk = unit_queries[start : start + CHUNK]
        similarity, nearest = (chunk @ unit_bank.T).topk(most, dim=1)
        for (k, temperature), predictions in zip(settings, found, strict=True):
            # Dividing all weights of a query by the greatest one changes no comparison.
            weights = ((similarity[:, :k] - similarity[:, :1]) / temperature).exp()
            predictions.append(decide(nearest[:, :k], weights))
    return [torch.cat(predictions).numpy() for predictions in found]
