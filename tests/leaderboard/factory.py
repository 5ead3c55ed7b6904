"""Results as a run would write them: valid by construction, with the values a test asks for."""

import json
import random
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from vmbench.results import (
    Environment,
    Parameters,
    Pretrain,
    Probe,
    Result,
    TaskResult,
    TestUnits,
)

CONFIG: dict[str, Any] = {
    "batch_size": 128,
    "encoder": "auto",
    "width": 16,
    "epsilon": 0.05,
    "temperature": 0.2,
    "epochs": 10,
    "optimizer": "adamw",
    "lr": 0.002,
    "device": "auto",
    "threads": None,
}
ENVIRONMENT = Environment(
    vmbench="0.1.0",
    git="db64af7",
    python="3.11.9",
    torch="2.8.0",
    device="cpu",
    threads=2,
    precision="float32",
)
YARDSTICKS = {"random-init", "random-init-calibrated", "raw-features", "supervised"}
VIEWS = {
    "viewmaker": "learned",
    "viewmaker+handcrafted": "learned",
    "handcrafted": "handcrafted",
    **dict.fromkeys(YARDSTICKS, "none"),
}


def result(
    method: str = "viewmaker",
    seed: int = 0,
    values: Mapping[str, float] | None = None,
    *,
    domain: str = "audio",
    objective: str | None = "simclr",
    preset: str = "small",
    settings: Mapping[str, Any] | None = None,
    revision: str = "1",
    pretrained_on: str = "fsdd",
    metric: str = "accuracy",
    higher_is_better: bool = True,
    n_test: int = 300,
    seconds: float = 100.0,
    created: str = "2026-01-01T00:00:00+00:00",
    device: str = "cpu",
    vmbench: str = "0.1.0",
    command: str | None = None,
    run_id: str | None = None,
    units: Mapping[str, Sequence[float]] | None = None,
    unit: Literal["example", "group"] = "example",
    val: float | None = None,
    collapsed: bool | None = None,
    preset_settings: Mapping[str, Any] | None = None,
) -> Result:
    """One run; ``values`` by ``dataset/task``. A yardstick has no objective, as a run writes it.

    ``units``: by task, the mean of each of a few equal test units, whose mean the value must be;
    ``settings``: what the request overrode, where ``preset_settings`` are another preset's.
    """
    objective = None if method in YARDSTICKS else objective
    config = CONFIG | dict(preset_settings or {}) | dict(settings or {})
    config_hash = sha256(json.dumps(config, sort_keys=True).encode()).hexdigest()[:8]
    identity = [domain, method, objective or "none", preset, config_hash, f"seed{seed}"]
    trained = method == "supervised" or method not in YARDSTICKS
    tasks = [
        TaskResult(
            dataset=name.partition("/")[0],
            revision=revision,
            task=name.partition("/")[2],
            metric=metric,
            higher_is_better=higher_is_better,
            value=value,
            metrics={metric: value},
            floors={"majority_accuracy": 0.1},
            n_train=2400,
            n_val=300,
            n_test=n_test,
            n_classes=10,
            split_rule="by speaker",
            probe=Probe(
                kind="logistic",
                penalty=0.01,
                val_value=value if val is None else val,
                chosen={"penalty": 0.01},
                gradient_norm=1e-7,
                converged=True,
            ),
            units=units_of((units or {}).get(name), unit, n_test),
            seconds=2.0,
        )
        for name, value in (values if values is not None else {"fsdd/digit": 0.9}).items()
    ]
    return Result(
        schema_version=2,
        run_id=run_id or "-".join(identity),
        created=created,
        command=command
        or f"vmbench run --domain {domain} --method {method} --preset {preset} --seed {seed}",
        domain=domain,
        method=method,
        views=VIEWS.get(method, "fixed"),
        yardstick=method in YARDSTICKS,
        objective=objective,
        preset=preset,
        seed=seed,
        pretrain=Pretrain(
            dataset=pretrained_on,
            revision=revision,
            n_examples=2400 if trained else 0,
            epochs=10 if trained else 0,
            steps=190 if trained else 0,
            seconds=seconds if trained else 0.0,
            final_loss=3.2 if trained else None,
            name="a1b2c3d4" if trained else None,
            collapsed=collapsed,
            feature_std=0.08 if trained else None,
            effective_rank=31.0 if trained else None,
            feature_dim=64 if trained else None,
        ),
        tasks=tasks,
        parameters=Parameters(encoder=180_000, viewmaker=50_000 if method == "viewmaker" else 0),
        overrides=dict(settings or {}),
        config=config,
        config_hash=config_hash,
        environment=ENVIRONMENT.model_copy(update={"device": device, "vmbench": vmbench}),
    )


def units_of(
    means: Sequence[float] | None, unit: Literal["example", "group"], n_test: int
) -> TestUnits | None:
    if means is None:
        return None
    size = n_test // len(means)
    assert size * len(means) == n_test
    return TestUnits(
        unit=unit,
        count=len(means),
        sizes=[size] * len(means),
        totals=[mean * size for mean in means],
    )


LEVELS = {
    "supervised": 0.93,
    "viewmaker": 0.85,
    "handcrafted": 0.82,
    "viewmaker+handcrafted": 0.86,
    "gaussian-noise": 0.74,
    "raw-features": 0.70,
    "random-init": 0.62,
}
DOMAINS = {
    "audio": ("fsdd/digit", "fsdd/speaker", "speech/keyword"),
    "sensor": ("hapt/activity", "hapt/person"),
}


def study(
    methods: Mapping[str, float] | None = None,
    domains: Mapping[str, Iterable[str]] | None = None,
    seeds: Iterable[int] = range(5),
    noise: float = 0.012,
    rng: int = 0,
    objectives: Iterable[str] = ("simclr",),
    groups: int = 0,
) -> list[Result]:
    """A full study: each method at its level on each task, with seed noise.

    With ``groups``, test is that many groups of their own difficulty, the same for all methods.
    """
    draw = random.Random(rng)
    runs = []
    for domain, tasks in (domains or DOMAINS).items():
        tasks = list(tasks)
        hard = {task: [draw.gauss(0, noise) for _ in range(groups)] for task in tasks}
        for method, level in (methods or LEVELS).items():
            for objective in ("none",) if method in YARDSTICKS else tuple(objectives):
                for seed in seeds:
                    values = {
                        task: round(level - 0.04 * i + draw.gauss(0, noise), 6)
                        for i, task in enumerate(tasks)
                    }
                    units = {
                        task: [values[task] + one + draw.gauss(0, noise) for one in hard[task]]
                        for task in tasks
                        if groups
                    }
                    values |= {task: sum(means) / groups for task, means in units.items()}
                    runs.append(
                        result(
                            method,
                            seed,
                            values,
                            units=units,
                            unit="group",
                            domain=domain,
                            objective=objective,
                            pretrained_on=tasks[0].partition("/")[0],
                            seconds=60 + draw.random() * 30,
                        )
                    )
    return runs


def write(results: Iterable[Result], folder: Path) -> Path:
    """As ``vmbench run`` leaves them: a folder a run, with its configuration beside its result."""
    for one in results:
        run = folder / one.run_id
        run.mkdir(parents=True, exist_ok=True)
        one.write(run / "result.json")
        (run / "config.json").write_text(json.dumps(one.config), encoding="utf-8")
    return folder
