"""Judges answers as a stage of the lake.

Judging     answers of files or models, and a judge  → the artifact: prompts with answers, verdicts, the manifest
JudgeStep   the artifact                             → rows of `studies`, `judged` and `judgements`

A killed run goes on from the answers in the table `responses`: those of the models, and those of the judge.
"""

import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import polars as pl
import pyarrow as pa

from corpus import artifacts, durable, lease
from corpus.errors import UserError
from corpus.lake import Lake
from corpus.task import All, WorkItem, digest
from eval_suites.asking import Asker
from eval_suites.judges import questions, rates, sides, verdicts
from eval_suites.judges.questions import Question
from eval_suites.judges.settings import Judge
from eval_suites.judges.tables import JUDGED, JUDGEMENTS, STUDIES
from eval_suites.judges.verdicts import Verdict
from eval_suites.models import opening
from eval_suites.models.endpoint.address import is_address
from eval_suites.models.responses import Responder

KIND = "study"  # of artifacts
_REASONS = 10  # for which texts were refused, that a manifest lists
_MANIFEST, _JUDGED, _JUDGEMENTS = "manifest.json", "judged.parquet", "judgements.parquet"


@dataclass(frozen=True, slots=True)
class Judging:
    """Judges answers, unless the lake has the result. `models` are the folders that names stand for."""

    lake: Lake
    artifact: artifacts.Artifact
    settings: Judge
    models: Mapping[str, str]

    def __call__(self) -> None:
        """Asks the models, then the judge, and writes down what came out."""
        with lease.hold(self.lake, f"{KIND}-{self.artifact.key}", purpose=f"judge {self.settings.name}"):
            artifacts.ensure(self.lake, self.artifact, self._judge)

    def _judge(self, folder: Path) -> None:
        settings, started = self.settings, time.monotonic()
        for where in sorted(set(self.models.values())):
            opening.check(where, settings.endpoint)
        prompts = _prompts(settings)
        about: dict[str, Any] = {}

        answers_a = self._answers("a", settings.a, prompts, settings.temperature, about)
        answers_b = None
        if settings.b is not None:
            answers_b = self._answers("b", settings.b, prompts, _temperature_b(settings), about)
        judged = [
            {"item": i, "prompt": prompt, "answer_a": answers_a[i], "answer_b": answers_b[i] if answers_b else None}
            for i, prompt in enumerate(prompts)
        ]

        how = settings.how or ("text" if is_address(settings.judge) else "likelihood")
        # An endpoint has likelihoods only where it is not asked as a chat.
        as_text = is_address(settings.judge) and how != "text" and settings.chat is None
        asker, chat = self._open(self.models[settings.judge], chat=False if as_text else settings.chat)
        rows = [one | {"rater": settings.judge} for one in _judgements(settings, judged, asker, how, chat=chat)]
        _refuse_unread(rows, settings)
        about["judge"] = {**asker.responder.about, "how": how, "chat": chat, "questions": questions.VERSION}
        about["judge"] |= _losses(asker)
        about |= {"settings": settings.that_change_results(), "prompts": digest(prompts), "n": len(prompts)}
        _write(folder, judged, rows, about | {"seconds": time.monotonic() - started})

    def _answers(
        self, side: str, name: str, prompts: Sequence[str], temperature: float, about: dict[str, Any]
    ) -> list[str]:
        """Returns the answers of a side to the prompts, in their order."""
        if name not in self.models:
            rows = sides.read(name, with_answers=True)
            about[side] = {"file": name, "answers": digest([one.answer for one in rows])}
            try:
                places = rates.matched(prompts, [one.prompt for one in rows])
            except ValueError as error:
                raise UserError(f"{name} does not have each prompt exactly once: {error}") from error
            return [rows[i].answer or "" for i in places]
        asker, chat = self._open(self.models[name], chat=self.settings.chat)
        answers = sides.asked(
            asker, prompts, chat=chat, temperature=temperature, most_tokens=self.settings.most_tokens,
            again=side == "b" and _asks_itself(self.settings),
        )  # fmt: skip
        about[side] = {**asker.responder.about, "chat": chat, "temperature": temperature, **_losses(asker)}
        if len(asker.refusals) == len(asker.responses):
            raise UserError(f"{name} refused all {len(prompts):,} prompts ({next(iter(asker.refusals.values()))})")
        return answers

    def _open(self, where: str, *, chat: bool | None) -> tuple[Asker, bool]:
        """Returns a model, and whether it is asked through its chat template."""
        from eval_suites.progress import showing
        from eval_suites.store import InLake

        settings = self.settings
        responder: Responder = opening.open_model(
            where, endpoint=settings.endpoint, dtype=settings.dtype, chat=chat is not False, seed=settings.seed
        )
        as_chat = responder.can_chat if chat is None else chat
        return Asker(responder, InLake(self.lake), showing(settings.name)), as_chat


@dataclass(frozen=True, slots=True)
class JudgeStep:
    """Writes down a study."""

    spec_type: ClassVar = All
    lake: Lake
    study: str  # id
    artifact: str  # key
    name: str
    a: str
    b: str
    rater: str
    mode: str

    def __call__(self, item: WorkItem) -> Iterator[tuple[str, pa.RecordBatch]]:
        """Rows of all three tables."""
        folder = artifacts.find(self.lake, KIND, self.artifact)
        if folder is None:
            raise UserError(f"the study {self.name} is lost or damaged; run the command again")
        manifest = json.loads((folder / _MANIFEST).read_text())
        for file, table in ((_JUDGED, JUDGED), (_JUDGEMENTS, JUDGEMENTS)):
            frame = pl.read_parquet(folder / file).with_columns(study=pl.lit(self.study))
            for batch in frame.select(table.schema.names).to_arrow().cast(table.schema).to_batches(1 << 16):
                yield table.name, batch
        row = {
            "study": self.study, "name": self.name, "a": self.a, "b": self.b, "rater": self.rater, "mode": self.mode,
            "seconds": manifest["seconds"], "manifest": json.dumps(manifest, sort_keys=True),
        }  # fmt: skip
        yield "studies", pa.RecordBatch.from_pylist([row], STUDIES.schema)


def _prompts(settings: Judge) -> list[str]:
    """Returns the prompts: of the file that the settings name, or of a file of answers."""
    files = [name for name in (settings.prompts, settings.a, settings.b) if name is not None]
    source = settings.prompts or next((name for name in files if sides.is_file(name)), None)
    if source is None:
        raise UserError("models need prompts to answer: name a file with --prompts")
    prompts = [one.prompt for one in sides.read(source, with_answers=False)]
    if len(set(prompts)) < len(prompts):
        raise UserError(f"{source} has {len(prompts) - len(set(prompts)):,} prompts more than once; give each once")
    return prompts[: settings.limit]


def _temperature_b(settings: Judge) -> float:
    return settings.temperature if settings.temperature_b is None else settings.temperature_b


def _asks_itself(settings: Judge) -> bool:
    """Returns whether both sides are the same model in the same way, so that only chance tells them apart."""
    return settings.b == settings.a and _temperature_b(settings) == settings.temperature


def _judgements(
    settings: Judge, judged: Sequence[Mapping[str, Any]], asker: Asker, how: questions.How, *, chat: bool
) -> Iterator[dict[str, Any]]:
    """Yields a row for each verdict."""
    if how == "fluency":
        yield from _by_fluency(judged, asker, chat=chat)
        return
    asked: list[tuple[dict[str, Any], Question]] = []
    for one in judged:
        asked += _questions(settings, one)
    # Two answers that are the same need no judge.
    open_ones = [(row, question) for row, question in asked if row["preference"] is None]
    yield from (row for row, _ in asked if row["preference"] is not None)
    given = verdicts.verdicts(asker, [question for _, question in open_ones], how, chat=chat)
    for (row, _), verdict in zip(open_ones, given, strict=True):
        yield row | {"text": verdict.text} | _numbers(settings.kind, row["shown"], verdict)


def _by_fluency(judged: Sequence[Mapping[str, Any]], asker: Asker, *, chat: bool) -> Iterator[dict[str, Any]]:
    """Yields a row for each order, which does not matter here."""
    prompts = [one["prompt"] for one in judged]
    of_a, of_b = (
        verdicts.fluency(asker, prompts, [one[side] for one in judged], chat=chat) for side in ("answer_a", "answer_b")
    )
    for one, a, b in zip(judged, of_a, of_b, strict=True):
        row = {"item": one["item"], "dimension": "", "grade": None, "text": ""}
        yield from (row | {"shown": shown, "preference": 0.5 if a == b else float(a > b)} for shown in ("ab", "ba"))


def _questions(settings: Judge, one: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], Question]]:
    """Yields the questions about a prompt's answers, with the rows that they will fill."""
    prompt, a, b = one["prompt"], one["answer_a"], one["answer_b"]
    row = {"item": one["item"], "shown": "", "dimension": "", "preference": None, "grade": None, "text": ""}
    if settings.kind == "pairs":
        for shown, first, second in (("ab", a, b), ("ba", b, a)):
            question = questions.pair(prompt, first, second, criteria=settings.criteria, ties=settings.ties)
            yield row | {"shown": shown, "preference": 0.5 if a == b else None}, question
        return
    for shown, answer in (("a", a), ("b", b)):
        if answer is None:
            continue
        if settings.kind == "grades":
            yield row | {"shown": shown}, questions.grade(prompt, answer, criteria=settings.criteria)
            continue
        for name in questions.DIMENSIONS:
            yield row | {"shown": shown, "dimension": name}, questions.dimension(prompt, answer, name)


def _numbers(mode: str, shown: str, verdict: Verdict) -> dict[str, float | None]:
    """Returns the preference for a, or the grade, that a verdict stands for; null for one that could not be read."""
    weights = verdict.weights_O
    if weights is None:
        return {"preference": None, "grade": None}
    if mode == "pairs":
        tie = weights[2] / 2 if len(weights) > 2 else 0.0
        return {"preference": weights["ab".index("a" if shown == "ab" else "b")] + tie, "grade": None}
    first = 1 if mode == "grades" else 0
    return {"preference": None, "grade": sum(i * one for i, one in enumerate(weights, start=first))}


def _losses(asker: Asker) -> dict[str, Any]:
    """Returns what was lost on the way: texts that were refused, prompts whose beginning did not fit."""
    refused = dict(Counter(asker.refusals.values()).most_common(_REASONS))
    return {"refused": refused, "cut": sum(one.is_cut for one in asker.responses.values())}


def _refuse_unread(rows: Sequence[Mapping[str, Any]], settings: Judge) -> None:
    """Raises `UserError` if no prompt has all its verdicts: a rate of nothing would say nothing."""
    unread = [one for one in rows if one["preference"] is None and one["grade"] is None]
    if {one["item"] for one in unread} == {one["item"] for one in rows}:
        raise UserError(
            f"no prompt has verdicts of {settings.judge} that can all be read; the first one that cannot is "
            f"{unread[0]['text'][:80]!r}. Try another judge"
            + ("" if is_address(settings.judge) else ", or --how likelihood")
        )


def _write(folder: Path, judged: Sequence[Any], rows: Sequence[Any], manifest: dict[str, Any]) -> None:
    """Writes the files of the artifact."""
    for file, table, values in ((_JUDGED, JUDGED, judged), (_JUDGEMENTS, JUDGEMENTS, rows)):
        schema = pa.schema([one for one in table.schema if one.name != "study"])
        pl.DataFrame(pa.Table.from_pylist(list(values), schema)).write_parquet(folder / file)
    (folder / _MANIFEST).write_text(json.dumps(manifest, indent=1, default=str) + "\n")
    durable.sync_below(str(folder))
