"""Runs training as a stage of the lake: a run is an artifact, which a killed run resumes from inside.

Trainer     token shards, and a model or none  → the artifact: checkpoint, log, what it came to
RunStep     the artifact                       → rows of `runs` and `run_losses`
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa

from corpus import artifacts, durable, lease
from corpus.errors import UserError
from corpus.lake import Lake
from corpus.shards import packing as packings
from corpus.shards import stages as shard_stages
from corpus.shards.stream import Stream
from corpus.task import All, WorkItem, digest
from corpus.tokenizer import steps as tokenizer_steps
from corpus.tokenizer.loading import FILE, Vocabulary
from corpus.tokenizer.loading import load as load_tokenizer
from training import plan as planning
from training import teacher_ids
from training.fingerprint import fingerprint
from training.settings import Run
from training.shape import Shape, read
from training.tables import RUN_LOSSES, RUNS

FILES = "files-"  # what the hash of a folder begins with, in place of the id of a run
KIND, PACKING = "checkpoint", "packing"  # of artifacts
SUMMARY = "run.json"  # what a run was and came to, in its artifact
_BEGUN = "begun.json"  # what a run has decided when it began, until it has ended
_LAST_SHARE = 10  # the loss of a run is the mean over its last tenth


@dataclass(frozen=True, slots=True)
class Trainer:
    """Trains a model, unless the lake has the result."""

    lake: Lake
    artifact: artifacts.Artifact
    run: Run
    shards: str  # key
    tokenizer: str  # key
    after: str  # id of the run to start from; '' for none
    teacher: str  # id of the run to learn from, or a hash of its files; '' for none

    def __call__(self) -> None:
        """Trains, or continues where a killed run saved its state."""
        if artifacts.has(self.lake, KIND, self.artifact.key):
            artifacts.ensure(self.lake, self.artifact, lambda folder: None)
            return
        # Runs of other names may have the same id: only one of them trains.
        with lease.hold(self.lake, f"{KIND}-{self.artifact.key}", purpose=f"train {self.run.name}"):
            if artifacts.has(self.lake, KIND, self.artifact.key):
                return
            plan, about = self._plan()
            with artifacts.draft(self.lake, self.artifact, resume=True) as draft:
                if (draft.folder / SUMMARY).is_file():
                    return  # a run that was killed after its last step, before its folder got its name
                plan = _as_begun(plan, draft.folder)
                if plan.objective == "distill" and self.run.teacher_ids == "stored":
                    keys = teacher_ids.Keys(self.teacher, self.shards, about["packing"])
                    plan = teacher_ids.stored(self.lake, plan, keys, self._refuse_changed)
                result = _train(plan, draft, self.run.processes)
                _write(draft.folder / SUMMARY, about | {"plan": asdict(plan), "result": result})
                _forget_states(draft.folder)

    def _plan(self) -> tuple[planning.Plan, dict[str, Any]]:
        """Returns the plan, and what the table `runs` says besides."""
        from training.devices import precision

        run, lake = self.run, self.lake
        if not self.shards:
            raise UserError(
                f"train {run.name!r}: mixture {run.mixture!r} has no token shards yet; run `pomona tokenize`"
            )
        shards = shard_stages.folder(lake, self.shards)
        tokenizer = tokenizer_steps.folder(lake, self.tokenizer)
        vocabulary, stream = load_tokenizer(tokenizer), Stream(shards)
        start = str(checkpoint(lake, self.after)) if self.after else "" if _is_new(run) else str(run.model)
        _refuse_another_tokenizer(run, start, vocabulary)
        shape = planning.shape_of(run, start, vocabulary.size)
        length = planning.length_of(run, shape)
        packing, n_sequences = self._packing(stream, length)
        reads = planning.Reads(
            shards=shards, packing=packing[1], tokenizer=tokenizer, pad=vocabulary.pad, length=length,
            n_sequences=n_sequences,
        )  # fmt: skip
        teacher = self._teacher_folder(vocabulary) if self.teacher else ""
        plan = planning.make(
            run, self.artifact.key, reads, start=start, shape=shape, precision=precision(run.precision), teacher=teacher
        )
        about = {
            "run": self.artifact.key, "name": run.name, "stage": run.stage, "mixture": run.mixture, "after": self.after,
            "teacher": self.teacher, "kind": _kind(plan), "teacher_shape": asdict(read(teacher)) if teacher else None,
            "model": "" if self.after else run.model or "6M", "shards": self.shards, "tokenizer": self.tokenizer,
            "packing": packing[0], "settings": run.model_dump(mode="json"),
        }  # fmt: skip
        return plan, about

    def _teacher_folder(self, vocabulary: Vocabulary) -> str:
        """Returns the folder of the teacher; raises `UserError` if it knows other tokens."""
        is_run = not self.teacher.startswith(FILES)
        folder = str(checkpoint(self.lake, self.teacher) if is_run else Path(str(self.run.teacher)).expanduser())
        self._refuse_changed(folder)
        _refuse_another_tokenizer(self.run, folder, vocabulary, "teacher")
        if (size := read(folder).vocab_size) != vocabulary.size:
            raise UserError(
                f"train {self.run.name!r}: the teacher in {folder} has {size:,} ids, the tokenizer "
                f"{vocabulary.size:,}; both must have been trained with one tokenizer"
            )
        return folder

    def _refuse_changed(self, folder: str) -> None:
        """Raises `UserError` if the teacher's files are not those that the run's id stands for."""
        if self.teacher.startswith(FILES) and self.teacher != f"{FILES}{fingerprint(Path(folder))}":
            raise UserError(
                f"train {self.run.name!r}: the teacher in {folder} has changed meanwhile; run the command again"
            )

    def _packing(self, stream: Stream, length: int) -> tuple[tuple[str, Path | None], int]:
        """Returns (key and folder of the packing, if it has one; number of sequences)."""
        if self.run.packing == "concatenated":
            return ("", None), packings.concatenated(stream, length).n_sequences
        key = digest([self.shards, length, packings.VERSION])
        made_from = {"shards": self.shards, "length": length, "version": packings.VERSION}
        artifact = artifacts.Artifact(kind=PACKING, key=key, stage=f"train:{self.run.name}", made_from=made_from)
        artifacts.ensure(self.lake, artifact, lambda folder: packings.save(packings.best_fit(stream, length), folder))
        folder = artifacts.find(self.lake, PACKING, key)
        assert folder is not None
        return (key, folder), packings.load(folder, length).n_sequences


def _write(path: Path, value: dict[str, Any]) -> None:
    """Writes a JSON file that is whole or not there."""
    temporary = path.with_name(f".{path.name}")
    temporary.write_text(json.dumps(value, indent=1, default=str) + "\n")
    durable.publish(str(temporary), str(path))


def _as_begun(plan: planning.Plan, folder: Path) -> planning.Plan:
    """Returns the plan with the precision that a run began with: `auto` may come out otherwise on another machine."""
    begun = folder / _BEGUN
    if begun.is_file():
        return replace(plan, precision=json.loads(begun.read_text())["precision"])
    _write(begun, {"precision": plan.precision, "shards": Path(plan.shards).name})
    return plan


def drop_unfinished(lake: Lake, shards: set[str]) -> list[str]:
    """Deletes what unfinished runs over some token shards have saved on this machine; returns their folders."""
    place = Path(lake.root, artifacts.FOLDER, KIND)
    dropped = []
    for begun in sorted(place.glob(f".*-unfinished/{_BEGUN}")) if lake.is_local else ():
        if json.loads(begun.read_text()).get("shards") in shards:
            shutil.rmtree(begun.parent)
            dropped.append(str(begun.parent))
    return dropped


def _forget_states(folder: Path) -> None:
    from training import checkpoints

    checkpoints.forget(folder)
    (folder / _BEGUN).unlink(missing_ok=True)


def _kind(plan: planning.Plan) -> str:
    """Returns what a run does: train, prune, distill or prune+distill."""
    does = ["prune"] if planning.pruned(plan.shape, plan.units) != plan.shape else []
    return "+".join([*does, *(["distill"] if plan.teacher else [])]) or "train"


def _refuse_another_tokenizer(run: Run, start: str, vocabulary: Vocabulary, what: str = "model") -> None:
    """Raises `UserError` if the model that a run starts or learns from was trained on the ids of another tokenizer."""
    if not start or not (Path(start) / FILE).is_file() or load_tokenizer(start).key == vocabulary.key:
        return
    raise UserError(
        f"train {run.name!r}: the {what} in {start} was trained with another tokenizer than the lake's, whose ids mean "
        f"other text; take that of the model: pomona tokenizer train --path {start}"
    )


def _is_new(run: Run) -> bool:
    return run.model is None or planning.is_size(run.model)


def _train(plan: planning.Plan, draft: artifacts.Draft, n_processes: int) -> dict[str, Any]:
    """Trains in this process, or in several others; returns what the run came to."""
    from training.worker import RESULT, end_with_parent

    if n_processes == 1:
        from training.loop import train

        result = asdict(train(plan, draft.folder, draft.save))
    else:
        plan_file, result_file = draft.folder / ".plan.json", draft.folder / RESULT
        result_file.unlink(missing_ok=True)
        plan_file.write_text(plan.to_json())
        command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(n_processes)]
        ended = subprocess.run(
            [*command, "-m", "training.worker", str(plan_file), str(draft.folder)],
            check=False,
            preexec_fn=end_with_parent,
        )
        try:
            result = json.loads(result_file.read_text())
        except (OSError, ValueError):
            raise UserError(
                f"train {plan.name!r}: a process ended with exit code {ended.returncode}; see its messages above. "
                "The same command continues from the last saved state"
            ) from None
        if "error" in result:
            raise UserError(result["error"])
        plan_file.unlink()
        result_file.unlink()
    return result


def checkpoint(lake: Lake, run: str) -> Path:
    """Returns the folder of a run's model on this machine; raises `UserError` if the lake does not have it whole."""
    folder = artifacts.find(lake, KIND, run)
    if folder is None:
        raise UserError(f"the checkpoint of run {run} is lost or damaged; run the command that made it again")
    return folder


@dataclass(frozen=True, slots=True)
class RunStep:
    """Writes down what a run was and came to."""

    spec_type: ClassVar = All
    lake: Lake
    run: str  # id
    name: str  # under which it was asked for; another one may have trained it

    def __call__(self, item: WorkItem) -> Iterator[tuple[str, pa.RecordBatch]]:
        """Rows of `run_losses` and `runs`."""
        from training import journal

        folder = checkpoint(self.lake, self.run)
        summary = json.loads((folder / SUMMARY).read_text()) | {"name": self.name}
        lines = list(journal.read(folder))
        losses = list(_losses(self.run, lines))
        yield "run_losses", pa.RecordBatch.from_pylist(losses, RUN_LOSSES.schema)
        yield "runs", pa.RecordBatch.from_pylist([_row(summary, lines)], RUNS.schema)


def _losses(run: str, lines: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for line in lines:
        common = {"run": run, "step": line["step"], "tokens": line["tokens"]}
        if "loss" in line:
            yield common | {"group": "", "loss": line["loss"], "bits_per_byte": None, "n": line["n"]}
        for group, loss in line.get("held_out", {}).items():
            bits, n = line["bits_per_byte"][group], line["held_out_targets"][group]
            yield common | {"group": group, "loss": loss, "bits_per_byte": bits, "n": n}


def _row(summary: dict[str, Any], lines: list[dict[str, Any]]) -> dict[str, Any]:
    """Returns the row of `runs`."""
    plan, result = summary["plan"], summary["result"]
    progress, trained = result["progress"], Shape(**plan["shape"])
    shape = planning.pruned(trained, plan.get("units", 0))
    steps = [line["loss"] for line in lines if "loss" in line]
    last = steps[-max(len(steps) // _LAST_SHARE, 1) :]
    measured = result["measured"]
    slots = plan["steps"] * plan["sequences"] * plan["length"]
    return {
        **{
            name: summary[name] for name in ("run", "name", "stage", "mixture", "after", "model", "shards", "tokenizer")
        },
        "kind": summary.get("kind", "train"),
        "teacher": summary.get("teacher", ""),
        "checkpoint": f"{artifacts.FOLDER}/{KIND}/{summary['run']}",
        "packing": summary["packing"],
        "sequence_length": plan["length"],
        "sequences": plan["steps"] * plan["sequences"],
        "steps": progress["step"],
        "skipped_steps": progress["skipped"],
        "tokens": progress["tokens"],
        "targets": progress["targets"],
        "parameters": shape.parameters,
        "embedding_parameters": shape.embedding_parameters,
        "settings": json.dumps(summary["settings"], sort_keys=True),
        "loss": sum(last) / max(len(last), 1),
        "held_out_loss": sum(one["loss"] for one in measured) / len(measured) if measured else None,
        "bits_per_byte": sum(one["bits_per_byte"] for one in measured) / len(measured) if measured else None,
        "seconds": progress["seconds"],
        "tokens_per_second": result["tokens_per_second"],
        "flops": float((trained.flops_per_token(plan["length"]) + _of_teacher(summary)) * slots),
        "device": result["device"],
    }


def _of_teacher(summary: dict[str, Any]) -> int:
    """Returns the FLOPs of a run's teacher for a token; 0 without one."""
    shape = summary.get("teacher_shape")
    return Shape(**shape).flops_of_reading(summary["plan"]["length"]) if shape else 0
