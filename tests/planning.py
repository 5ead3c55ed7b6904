"""Plans for the tests, from arguments in a row."""

from vmbench.runs.request import RunRequest


def make_plan(
    domain, method, objective, preset, seed, pretrain, transfer, settings, data_dir=None, **more
):
    """The resolved request."""
    return RunRequest(
        domain=domain,
        method=method,
        objective=objective,
        preset=preset,
        seed=seed,
        pretrain=pretrain,
        transfer=tuple(transfer),
        settings=settings,
        data_dir=data_dir,
        **more,
    ).resolve()
