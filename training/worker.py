"""One process of a run: `torchrun --nproc-per-node N -m training.worker PLAN.json FOLDER`.

`pomona train` starts this for runs with several processes. On several machines, start it with `torchrun --nnodes` and a
folder that all of them see.
"""

import ctypes
import json
import signal
import sys
from dataclasses import asdict
from pathlib import Path

from training.loop import train
from training.plan import Plan
from training.processes import world

RESULT = "result.json"
_PR_SET_PDEATHSIG = 1


def end_with_parent() -> None:
    """Asks Linux to end this process with the one that started it: nobody trains on in the folder of a later run."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def main(arguments: list[str]) -> int:
    """Trains as the plan says; the first process writes what the run came to."""
    from corpus.errors import UserError

    end_with_parent()
    plan, folder = Plan.from_json(Path(arguments[0]).read_text()), Path(arguments[1])
    try:
        result = train(plan, folder)
    except UserError as error:
        if world()[0] == 0:
            (folder / RESULT).write_text(json.dumps({"error": str(error)}))
        return 2
    if world()[0] == 0:
        (folder / RESULT).write_text(json.dumps(asdict(result)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
