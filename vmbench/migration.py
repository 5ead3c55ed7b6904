"""Documents of schema 1 (vmbench 0.1.0 before its first release) as documents of schema 2.

What schema 1 did not say is None, empty or ``unknown``; nothing is computed anew.
"""

from typing import Any

# The kind of views by method, as that version registered them.
_VIEWS = {
    "viewmaker": "learned",
    "viewmaker+handcrafted": "learned",
    "divmaker": "learned",
    "handcrafted": "handcrafted",
    "simclr-image": "handcrafted",
    "specaugment": "handcrafted",
    "spectral": "handcrafted",
    "spectral-noise": "handcrafted",
    "waveform": "handcrafted",
    "waveform-pitch-loudness": "handcrafted",
    "jitter-warp": "handcrafted",
    "crop-jitter-scale": "handcrafted",
    "scarf": "handcrafted",
    "gaussian-noise": "fixed",
    "randomized-quantization": "fixed",
    "cutout": "fixed",
    "mixup": "fixed",
    "mae": "none",
    "emix": "none",
    "shed": "none",
    "random-init": "none",
    "raw-features": "none",
    "supervised": "none",
}
_YARDSTICKS = ("random-init", "raw-features", "supervised")
_FLOORS = ("majority_accuracy", "prevalence", "median_mae")
_CHOSEN = "chosen_"


def migrate(document: Any) -> Any:
    """``document`` as schema 2 if it is of schema 1, else as it is.

    What is no result at all comes back half-done or unchanged, for the validation to say so. A
    field that schema 1 did not have is an error, as an unknown one is.
    """
    if not isinstance(document, dict) or document.get("schema_version") != 1:
        return document
    result = {**document, "schema_version": 2}
    method = str(result.get("method"))
    _add(result, views=_views(method, result.get("parameters")))
    _add(result, yardstick=method.partition("+")[0] in _YARDSTICKS, overrides={})
    tasks = result.get("tasks")
    if not isinstance(tasks, list) or not all(isinstance(task, dict) for task in tasks):
        return result
    pretrain = result.get("pretrain")
    if isinstance(pretrain, dict):
        result["pretrain"] = _pretrain(pretrain, tasks)
    result["tasks"] = [_task(task, pretrain) for task in tasks]
    return result


def _add(record: dict[str, Any], **fields: Any) -> None:
    for name, value in fields.items():
        if name in record:
            raise ValueError(f"schema 1 has no field {name}")
        record[name] = value


def _views(method: str, parameters: Any) -> str:
    """Of a supervised training its augmentation's; a plugin's are learned or not said."""
    if method in _VIEWS:
        return _VIEWS[method]
    base, plus, augmentation = method.partition("+")
    if plus and base in _YARDSTICKS:
        return _views(augmentation, parameters)
    learned = isinstance(parameters, dict) and parameters.get("viewmaker")
    return "learned" if learned else "none"


def _metrics(task: dict[str, Any]) -> dict[str, Any]:
    metrics = task.get("metrics")
    return metrics if isinstance(metrics, dict) else {}


def _pretrain(pretrain: dict[str, Any], tasks: list[dict[str, Any]]) -> dict[str, Any]:
    """With what schema 1 repeated in the metrics of every task on the pretrained encoder."""
    watched = [m for m in map(_metrics, tasks) if "feature_std" in m]
    moved = dict(pretrain)
    _add(moved, name=None, effective_rank=None, feature_dim=None)
    _add(moved, feature_std=watched[0]["feature_std"] if watched else None)
    _add(moved, collapsed=any("collapsed" in m for m in watched) if watched else None)
    return moved


def _task(task: dict[str, Any], pretrain: Any) -> dict[str, Any]:
    moved = dict(task)
    pretrained = isinstance(pretrain, dict) and pretrain.get("dataset") == task.get("dataset")
    metrics = _metrics(task)
    _add(moved, revision=pretrain.get("revision") if pretrained else "unknown", units=None)
    _add(moved, floors={name: metrics[name] for name in _FLOORS if name in metrics})
    if isinstance(task.get("metrics"), dict):
        gone = {*_FLOORS, "feature_std", "collapsed"}
        kept = {k: v for k, v in metrics.items() if k not in gone and not k.startswith(_CHOSEN)}
        moved["metrics"] = kept
    if isinstance(task.get("probe"), dict):
        probe = dict(task["probe"])
        penalty = probe.get("penalty")
        chosen = {} if penalty is None else {"penalty": penalty}
        for name, value in metrics.items():
            if name.startswith(_CHOSEN):
                chosen[name.removeprefix(_CHOSEN)] = int(value) if name == "chosen_k" else value
        _add(probe, chosen=chosen, gradient_norm=None, converged=None)
        moved["probe"] = probe
    return moved
