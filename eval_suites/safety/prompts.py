"""The prompts of a safety evaluation: our own, or those of a file that red teaming has made."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from corpus.errors import UserError, plainly
from eval_suites.safety import taxonomy

PromptKind = Literal["adversarial", "overrefusal"]

_FILE = Path(__file__).parent / "prompts.tsv"
_LONGEST = 20_000  # characters of a prompt


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt with its lineage."""

    prompt: str
    category: str
    how: str = "written"  # name of a template, or `model`
    seed: str = ""  # the prompt that it was made of


def written(kind: PromptKind) -> list[Prompt]:
    """Returns our own prompts: requests to decline, or harmless ones that look alarming."""
    return [Prompt(prompt, category) for of, category, prompt in taxonomy.rows(_FILE) if of == kind]


def read(files: Sequence[Path]) -> list[Prompt]:
    """Returns the prompts of JSON Lines files: `prompt`, `category`, and what else `Prompt` has. Raises `UserError`."""
    prompts = [one for path in files for one in _of_file(path)]
    if not prompts:
        raise UserError(f"{', '.join(map(str, files))}: there are no prompts")
    return prompts


def write(path: Path, prompts: Iterable[Prompt]) -> int:
    """Writes prompts as JSON Lines, in a folder that is made if need be; returns how many."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(asdict(one), ensure_ascii=False) + "\n" for one in prompts]
    path.write_text("".join(lines), encoding="utf-8", errors="replace")
    return len(lines)


def _of_file(path: Path) -> Iterator[Prompt]:
    try:
        lines = path.read_text(encoding="utf-8").split("\n")  # not splitlines: a prompt may hold other line ends
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot read {path}: {plainly(error)}") from error
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield _of_line(line, f"{path} line {number}")


def _of_line(line: str, where: str) -> Prompt:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{where} is not JSON") from error
    if not isinstance(row, Mapping):
        raise UserError(f"{where} is not an object with prompt and category")
    fields = {name: row[name] for name in ("prompt", "category", "how", "seed") if row.get(name) is not None}
    for name in ("prompt", "category"):
        if not isinstance(fields.get(name), str) or not fields[name].strip():
            raise UserError(f"{where} has no text in {name!r}")
    if len(fields["prompt"]) > _LONGEST:
        raise UserError(f"{where}: the prompt has {len(fields['prompt']):,} characters; at most {_LONGEST:,}")
    if not all(isinstance(value, str) for value in fields.values()):
        raise UserError(f"{where}: how and seed must be texts")
    taxonomy.category(fields["category"], where=where)
    return Prompt(**fields)
