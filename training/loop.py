"""The training loop: one for every objective.

A step sums losses over micro-batches and processes and divides by the number of targets of all of them, which is known
before the first one is computed. So loss and gradients do not depend on how a step is cut. Which sequences a step has
follows from its number alone (corpus.shards.batches). So a run that was killed continues with the same numbers, bit by
bit on one device.

A step whose gradients are not finite, or too large, changes nothing and is counted. If such steps follow one another,
or if the loss stays above that of guessing, the run ends with the reason.
"""

import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from corpus.errors import UserError
from corpus.shards import packing as packings
from corpus.shards.batches import Batches, Sequences
from corpus.shards.stream import Stream
from corpus.tokenizer.loading import load as load_tokenizer
from training import building, checkpoints, curves, devices, evaluation, processes, sampling, sharding
from training.batch import Batch
from training.checkpoints import Progress
from training.journal import Journal, Rate
from training.optimizers.clip import Clip, clip, global_norm
from training.plan import Plan
from training.processes import Processes
from training.schedules import Schedule
from training.stopping import Stop, stopping
from training.teacher import Stored

_MOST_SKIPPED = 10  # steps in a row
_MOST_BAD, _LEAST_BAD = 50, 5  # steps in a row whose loss is above that of guessing: a quarter of the run
_GUESSING = 0.7  # nats above log(vocabulary size) that a loss may have
_PROMPT = 8  # tokens of a held-out document that the model continues
_SAMPLES = 3
_DISTURBED = (
    "steps take five times as long as before: other processes use the same cores, and threads wait for each other; "
    "give each run its own cores, e.g. with OMP_NUM_THREADS=1"
)

Save = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Result:
    """What a run came to."""

    progress: Progress
    measured: list[evaluation.Measured]  # at the end
    samples: list[dict[str, str]]
    tokens_per_second: float
    device: str


def train(plan: Plan, folder: Path, saved: Save = lambda: None) -> Result:
    """Trains a model as planned, and leaves it in a folder, in Hugging Face's format.

    State is saved in the folder as the run goes on; `saved` is called after each save. If the folder has a state, the
    run continues from it. With `torchrun`, each process calls this, and the first one writes.
    """
    together = processes.begin(is_sharded=plan.sharded)
    try:
        return _Trainer(plan, folder, saved, together).run()
    finally:
        processes.end()


class _Trainer:
    """The parts of a run."""

    def __init__(self, plan: Plan, folder: Path, saved: Save, together: Processes) -> None:
        self.plan, self.folder, self.saved, self.processes = plan, folder, saved, together
        self.stream = Stream(Path(plan.shards))
        packing = packings.of(plan.packing, self.stream, plan.length)
        self.batches = Batches(self.stream, packing, plan.sequences, plan.boundaries, plan.pad)
        self.objective = building.objective(plan, together)
        self.stored = Stored(plan.teacher_ids, plan.length, plan.shape.vocab_size) if plan.teacher_ids else None
        self.model = building.model(plan, together)
        self.optimizer = building.optimizer(plan, self.model)
        self.schedule = Schedule(kind=plan.schedule, steps=plan.steps, warm_up=plan.warm_up, final=plan.final)  # type: ignore[arg-type]
        self.vocabulary = load_tokenizer(plan.tokenizer)
        measured_on = Stream(Path(plan.held_out)) if plan.held_out else self.stream
        self.held_out = evaluation.held_out(
            measured_on, self.vocabulary.tokenizer, plan.length, plan.evaluation_tokens, plan.pad
        )
        self.measured: list[evaluation.Measured] = []
        self.documents: list[dict[str, Any]] = []

    def run(self) -> Result:
        """Takes every step that is left. After Ctrl-C, it saves the state and stops."""
        progress = checkpoints.restore(self.folder, self.model, self.optimizer)
        journal = self._journal(progress.step)
        try:
            with stopping() as stop:
                return self._run(progress, journal, stop)
        finally:
            if journal:
                journal.close()

    def _run(self, progress: Progress, journal: Journal | None, stop: Stop) -> Result:
        plan, rate, last_save = self.plan, Rate(), time.monotonic()
        peak, flops = devices.peak_flops(plan.precision, self.processes.where), plan.shape.flops_per_token(plan.length)
        packing, slots = self.batches.packing, plan.sequences * plan.length
        slots_per_token = 1 / max(packing.utilization, 1e-9)
        started, before = time.monotonic(), progress.seconds
        for sequences in self.batches.ahead(progress.step, plan.steps, self.processes.rank, self.processes.world):
            step_started = time.monotonic()
            read = packing.tokens(progress.step * plan.sequences, (progress.step + 1) * plan.sequences)
            progress, values = self._step(sequences, replace(progress, tokens=progress.tokens + read))
            rate.add(read, time.monotonic() - step_started)
            progress = replace(progress, seconds=before + time.monotonic() - started)
            if journal:
                slots_per_second = rate.recent * slots_per_token
                mfu = slots_per_second * flops / self.processes.world / peak
                said = {"step": progress.step, "tokens": progress.tokens, "tokens_per_second": rate.recent, "mfu": mfu}
                journal.write(**said, **values)
                left = (plan.steps - progress.step) * slots / slots_per_second
                journal.say(progress.step, _line(values, rate.recent, mfu, left))
                if rate.is_disturbed():
                    journal.note(_DISTURBED)

            if progress.step in plan.evaluate_at:
                self._evaluate(journal, progress)
            if progress.step < plan.steps and self._is_time(last_save, stop):
                self._save(journal, progress)
                last_save = time.monotonic()
                if stop.asked:
                    raise KeyboardInterrupt
        return self._end(journal, progress, rate)

    def _step(self, sequences: Sequences, progress: Progress) -> tuple[Progress, dict[str, Any]]:
        """Takes one step; returns how far the run has come, and what to log."""
        plan, step = self.plan, progress.step + 1
        if self.model.masks is not None:
            self.model.masks.at(step, plan.steps)
        parts = self._micro_batches(sequences, progress.step)
        counts = self.processes.sum(torch.tensor([float(sum(map(self.objective.count, parts)))], dtype=torch.float64))
        total = int(counts[0])

        sums: dict[str, Tensor] = {}
        for batch in parts:
            loss, found = self.objective(self.model, batch.to(self.processes.where), max(total, 1))
            loss.backward()
            for name, value in found.items():
                sums[name] = sums.get(name, torch.zeros((), dtype=torch.float64)) + value.double().cpu()
        means = self.processes.sum(torch.stack(list(sums.values()))) / max(total, 1) if sums else torch.zeros(2)
        losses = dict(zip(sums, means.tolist(), strict=True))
        self.processes.sum_gradients(self.model.parameters())

        decision = clip(global_norm(self.model.parameters()), limit=plan.clip_norm, skip_at=plan.skip_norm)
        factor = self.schedule(step)
        if not decision.is_skipped:
            self.optimizer.step(factor, decision.scale)
            sharding.forget_gathered(self.model)
        self.model.zero_grad()

        loss_value = losses.get("cross_entropy", sum(losses.values()))
        aim = losses.get("aim", loss_value)  # with a teacher, the text's tokens are only a part of what it aims at
        progress = replace(
            progress,
            step=step,
            skipped=progress.skipped + decision.is_skipped,
            skipped_in_a_row=progress.skipped_in_a_row + 1 if decision.is_skipped else 0,
            bad_in_a_row=progress.bad_in_a_row + 1 if not aim < self._guessing() + _GUESSING else 0,
            targets=progress.targets + total,
        )
        self._refuse_divergence(progress, aim, decision)
        more = {name: value for name, value in losses.items() if name != "cross_entropy"}
        learning_rate = plan.learning_rate * factor
        return progress, {"loss": loss_value, **more, "norm": decision.norm, "learning_rate": learning_rate, "n": total}

    def _guessing(self) -> float:
        return math.log(self.plan.shape.vocab_size)

    def _refuse_divergence(self, progress: Progress, loss: float, decision: Clip) -> None:
        """Raises `UserError` if a run no longer learns."""
        guessing = self._guessing()
        advice = f"lower learning_rate, which is {self.plan.learning_rate:g}, or make warm_up_steps more"
        name = f"train {self.plan.name!r}"
        if progress.skipped_in_a_row >= _MOST_SKIPPED:
            raise UserError(
                f"{name} diverged: the gradients of {_MOST_SKIPPED} steps in a row, up to step {progress.step:,}, are "
                f"not finite or have a norm of {self.plan.skip_norm:g} or more (last: {decision.norm:.3g}); {advice}"
            )
        if progress.bad_in_a_row >= min(max(self.plan.steps // 4, _LEAST_BAD), _MOST_BAD):
            raise UserError(
                f"{name} diverged: at step {progress.step:,} its loss is {loss:.3g}, and that of guessing is "
                f"{guessing:.3g}; {advice}"
            )

    def _micro_batches(self, sequences: Sequences, done: int) -> list[Batch]:
        """Returns what this process computes in the step after those that are done, one after the other."""
        size = self.plan.micro_batch
        said = None
        if self.stored is not None:
            said = self.stored.of(self.batches.numbers(done, self.processes.rank, self.processes.world))
        n_rounds = max(self.processes.n_rounds(self.plan.sequences, size), 1)  # all tell the others the same numbers
        starts = [i * size for i in range(n_rounds)]
        return [
            Batch.of(sequences.part(i, i + size), None if said is None else said[i : i + size])
            if i < len(sequences)
            else Batch.without_targets(self.plan.length)
            for i in starts
        ]

    def _evaluate(self, journal: Journal | None, progress: Progress) -> None:
        """Measures the loss on held-out documents."""
        results_2B = evaluation.row_results(self.model, self.held_out, self.plan.micro_batch, self.processes)
        self.measured = evaluation.measured(self.held_out, results_2B[0])
        self.documents = evaluation.of_documents(self.held_out, results_2B)
        if journal and self.measured:
            held_out = {one.group: one.loss for one in self.measured}
            bits = {one.group: one.bits_per_byte for one in self.measured}
            counts = {one.group: one.n for one in self.measured}
            journal.write(
                step=progress.step, tokens=progress.tokens, held_out=held_out, bits_per_byte=bits,
                held_out_targets=counts,
            )  # fmt: skip

    def _is_time(self, last_save: float, stop: Stop) -> bool:
        """Returns whether the state is to be saved: the first process decides for all."""
        return self.processes.first_says(stop.asked or time.monotonic() - last_save >= 60 * self.plan.save_minutes)

    def _save(self, journal: Journal | None, progress: Progress) -> None:
        if journal:
            journal.flush()
        if self._computes_along():
            is_writer = self.processes.is_first
            checkpoints.save(self.folder, self.model, self.optimizer, progress, is_writer=is_writer)
        if journal:
            self.saved()

    def _computes_along(self) -> bool:
        """Returns whether this process has a part in what one process could do alone, were the model not in pieces."""
        return self.processes.is_first or self.processes.is_sharded

    def _journal(self, step: int) -> Journal | None:
        if not self.processes.is_first:
            return None
        plan = self.plan
        self.folder.mkdir(parents=True, exist_ok=True)
        opened = curves.open_all(
            self.folder, step, project=plan.wandb, run=plan.run, name=plan.name, config=asdict(plan)
        )
        return Journal(self.folder, plan.name, after_step=step, n_steps=plan.steps, curves=opened)

    def _end(self, journal: Journal | None, progress: Progress, rate: Rate) -> Result:
        """Writes the model, and a few texts that it writes."""
        if not self.measured:
            self._evaluate(None, progress)
        texts: list[dict[str, str]] = []
        if self._computes_along():
            end, tokenizer = self.stream.about.end, self.vocabulary.tokenizer
            texts = sampling.samples(self.model, tokenizer, self._prompts(), end=end, seed=self.plan.seed)
            sharding.forget_gathered(self.model)
            is_writer = self.processes.is_first
            checkpoints.export(self.folder, self.model, self.plan.tokenizer, self.plan.length, is_writer=is_writer)
        if self.processes.is_first:
            evaluation.write(self.documents, self.folder)
        if journal:
            mean, _ = evaluation.mean(self.measured)
            held_out = "" if mean is None else f"held-out loss {mean:.3f}  "
            average = rate.tokens / max(rate.seconds, 1e-9)
            journal.say(progress.step, f"{held_out}{average:,.0f} tokens/s", last=True)
        self.processes.wait()
        device = devices.name(self.plan.precision, self.processes.where, self.processes.world)
        return Result(progress, self.measured, texts, rate.tokens / max(rate.seconds, 1e-9), device)

    def _prompts(self) -> list[list[int]]:
        """Returns the first tokens of some held-out documents, of different groups where there are several."""
        rows = self.held_out
        begins = np.flatnonzero(rows.begins_B).tolist()
        first: dict[int, int] = {}
        for i in begins:
            first.setdefault(int(rows.groups_B[i]), i)
        chosen = [*first.values(), *(i for i in begins if i not in first.values())][:_SAMPLES]
        return [rows.ids_BS[i][: min(_PROMPT, int((rows.targets_BS[i] >= 0).sum()))].tolist() for i in chosen]


def _line(values: dict[str, Any], rate: float, mfu: float, seconds_left: float) -> str:
    minutes, seconds = divmod(round(seconds_left), 60)
    hours, minutes = divmod(minutes, 60)
    left = f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
    share = f"{mfu:.0%} MFU  " if math.isfinite(mfu) else ""
    aim = f"{values['aim']:.3f} (of the text {values['loss']:.3f})" if "aim" in values else f"{values['loss']:.3f}"
    return f"loss {aim}  norm {values['norm']:.2f}  {rate:,.0f} tokens/s  {share}{left} left"
