"""A job carried out in this process: what every launcher calls where the work is done."""

import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel

from vmbench.errors import BusyError, RunError, UserError
from vmbench.failures import failure_file
from vmbench.runs.halves import execute_pretraining
from vmbench.runs.request import RunRequest
from vmbench.runs.runner import execute


class Order(BaseModel):
    """A job as it travels to another process.

    Attributes:
        kind: of the job.
        request: the run's, as JSON.
        out: a folder that the process shares.
        run_id: of an evaluation.
        overwrite: see :class:`~vmbench.sweeps.plan.Job`.
    """

    kind: Literal["pretraining", "evaluation"]
    request: str
    out: Path
    run_id: str
    overwrite: bool = False


@dataclass(frozen=True)
class Outcome:
    """How a job ended.

    ``done``; ``failed``; ``busy``: another process is at it; ``lost``: its process died, which may
    be no fault of its own; ``stopped`` by a Ctrl-C.
    """

    kind: Literal["done", "failed", "busy", "lost", "stopped"]
    reason: str = ""


def work(order: Order) -> Outcome:
    """Do it. Never raises for what the job does wrong; what it says goes to stderr."""
    request = RunRequest.from_json(order.request)
    try:
        if order.kind == "pretraining":
            execute_pretraining(request, order.out, quiet=False)
        else:
            overwrite = order.overwrite
            execute(request, order.out, overwrite=overwrite, again=False, quiet=False)
            failure_file(order.out, order.run_id).unlink(missing_ok=True)
    except BusyError as error:
        return Outcome("busy", str(error))
    except (UserError, RunError) as error:
        return Outcome("failed", " ".join(str(error).split()))
    except KeyboardInterrupt:
        return Outcome("stopped")
    except Exception as error:  # whatever a plugin or a library raises, the other jobs go on
        traceback.print_exc(file=sys.stderr)
        return Outcome("failed", " ".join(f"{type(error).__name__}: {error}".split()))
    return Outcome("done")
