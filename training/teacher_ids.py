"""The likeliest tokens of a teacher as an artifact: made once for all runs that read the same sequences.

Runs with other seeds, optimizers or shapes share them, as long as they read as many tokens of the same mixture.
"""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from corpus import artifacts, lease
from corpus.lake import Lake
from corpus.shards import packing as packings
from corpus.shards.batches import Batches
from corpus.shards.stream import Stream
from corpus.task import digest
from training.plan import Plan

KIND = "teacher-ids"  # of artifacts
_VERSION = 1
_EVERY_SECONDS = 15.0  # between two lines


@dataclass(frozen=True, slots=True)
class Keys:
    """What the tokens are made from."""

    teacher: str
    shards: str
    packing: str


def stored(lake: Lake, plan: Plan, keys: Keys, check: Callable[[str], None]) -> Plan:
    """Returns the plan with the folder of its teacher's tokens, which are made if the lake lacks them.

    `check` raises if the teacher's folder is not what its key says. A pass that is killed goes on with the next file.
    """
    n_sequences = plan.steps * plan.sequences
    made_from = {
        "teacher": keys.teacher, "shards": keys.shards, "packing": keys.packing, "length": plan.length,
        "boundaries": plan.boundaries, "sequences": n_sequences, "precision": plan.precision, "version": _VERSION,
    }  # fmt: skip
    key = digest(made_from)
    if not artifacts.has(lake, KIND, key):
        artifact = artifacts.Artifact(kind=KIND, key=key, stage=f"train:{plan.name}", made_from=made_from)
        with lease.hold(lake, f"{KIND}-{key}", purpose=f"the teacher's tokens for {plan.name}"):
            _make(lake, artifact, plan, n_sequences, check)
    folder = artifacts.find(lake, KIND, key)
    assert folder is not None
    return replace(plan, teacher_ids=str(folder))


def _make(
    lake: Lake, artifact: artifacts.Artifact, plan: Plan, n_sequences: int, check: Callable[[str], None]
) -> None:  # fmt: skip
    from training import devices
    from training.teacher import Teacher, write

    if artifacts.has(lake, KIND, artifact.key):  # another process was faster
        return
    stream = Stream(Path(plan.shards))
    packing = packings.of(plan.packing, stream, plan.length)
    batches = Batches(stream, packing, plan.sequences, plan.boundaries, plan.pad)
    model = Teacher(plan.teacher, plan.precision, devices.device())  # type: ignore[arg-type]
    check(plan.teacher)  # after it was loaded: another model would be found under this one's key
    with artifacts.draft(lake, artifact, resume=True) as draft:
        tell = _Telling(plan.name, draft.save, 60 * plan.save_minutes)
        write(model, batches, n_sequences, draft.folder, tell, micro_batch=plan.micro_batch)


@dataclass(slots=True)
class _Telling:
    """Says how far the pass is, and saves what there is, now and then."""

    name: str
    save: Callable[[], None]
    save_seconds: float
    _said: float = 0.0
    _saved: float = 0.0

    def __call__(self, done: int, n_sequences: int) -> None:
        now = time.monotonic()
        self._saved = self._saved or now
        if now - self._said > _EVERY_SECONDS or done == n_sequences:
            self._said = now
            sys.stderr.write(f"{self.name}: teacher, sequence {done:,}/{n_sequences:,}\n")
        if done < n_sequences and now - self._saved > self.save_seconds:
            self._saved = now
            self.save()
