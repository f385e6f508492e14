"""The answers that are judged: of a file, or of a model that is asked now.

A file has a row per answer, as AlpacaEval, MT-bench and most others have it: the prompt in `instruction`, `prompt`,
`question` or `turns` (the first one counts), the answer in `output`, `answer`, `response` or `text`.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corpus.errors import UserError
from eval_suites.asking import Asker
from eval_suites.models.responses import Request

SUFFIXES = (".jsonl", ".json", ".parquet", ".csv")
_READERS = {".jsonl": "read_ndjson", ".parquet": "read_parquet", ".csv": "read_csv"}
_PROMPTS = ("instruction", "prompt", "question", "turns")
_ANSWERS = ("output", "answer", "response", "text")


@dataclass(frozen=True, slots=True)
class Row:
    """A prompt, with an answer if the file has one."""

    prompt: str
    answer: str | None


def is_file(name: str) -> bool:
    """Returns whether a side is named by a file of answers."""
    return Path(name).suffix in SUFFIXES and Path(name).expanduser().is_file()


def read(name: str, *, with_answers: bool) -> list[Row]:
    """Returns the rows of a file; raises `UserError` for one without prompts or answers, or where a row lacks one."""
    frame = _frame(Path(name).expanduser())
    prompts = _column(frame, _PROMPTS, name, "prompts")
    answers = _column(frame, _ANSWERS, name, "answers") if with_answers else None
    rows = []
    for i, row in enumerate(frame.iter_rows(named=True)):
        prompt, answer = row[prompts], None if answers is None else row[answers]
        if isinstance(prompt, list) and prompt:
            prompt = prompt[0]
        for value, column in ((prompt, prompts), (answer, answers)):
            if column is not None and not isinstance(value, str):
                raise UserError(f"{name}: row {i + 1} has no text in {column!r}")
        rows.append(Row(prompt, answer))
    if not rows:
        raise UserError(f"{name} has no rows")
    return rows


def asked(
    asker: Asker, prompts: Sequence[str], *, chat: bool, temperature: float, most_tokens: int, again: bool = False
) -> list[str]:
    """Returns what a model answers to some prompts; if it is asked `again`, another sample of it."""
    settings: dict[str, Any] = {
        "until": [], "max_gen_toks": most_tokens, "do_sample": temperature > 0, "temperature": temperature,
    }  # fmt: skip
    texts = [
        asker.responder.chat([{"role": "user", "content": one}], continues=False) if chat else one for one in prompts
    ]
    responses = asker.ask(
        [Request("generate_until", one, "", settings, int(again and temperature > 0)) for one in texts]
    )
    return [(one.text or "").strip() for one in responses]


def _frame(path: Path) -> Any:
    import polars as pl

    if path.suffix not in SUFFIXES or not path.is_file():
        raise UserError(f"{path}: there is no such file of prompts or answers ({', '.join(SUFFIXES)})")
    if not path.read_bytes().strip():
        raise UserError(f"{path} is empty")
    try:
        if path.suffix == ".json":  # a list of objects, as AlpacaEval writes them
            rows = json.loads(path.read_text())
            if not isinstance(rows, list) or not all(isinstance(one, dict) for one in rows):
                raise UserError(f"{path} does not hold a list of objects")
            return pl.DataFrame([{k: one.get(k) for k in (*_PROMPTS, *_ANSWERS) if k in one} for one in rows],
                                infer_schema_length=None, strict=False)  # fmt: skip
        return getattr(pl, _READERS[path.suffix])(path)
    except (pl.exceptions.PolarsError, OSError, ValueError, RecursionError) as error:
        if isinstance(error, UserError):
            raise
        raise UserError(f"cannot read {path}: {' '.join(str(error).split())[:200]}") from error


def _column(frame: Any, names: Sequence[str], file: str, what: str) -> str:
    for name in names:
        if name in frame.columns:
            return name
    raise UserError(f"{file} has no {what}: it needs a column {', '.join(names[:-1])} or {names[-1]}")
