"""The recipe's section `decontaminate`: which benchmarks are protected, and how much a document may share with them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, field_validator

from corpus.errors import unknown
from corpus.settings import Flag, PathIfExists, Settings
from decontam.names import DEFAULT, POLICIES

if TYPE_CHECKING:
    from decontam.benchmarks import Benchmark


@dataclass(frozen=True, slots=True)
class BenchmarkPath:
    """Marks benchmarks: FILE, NAME=FILE, or the name of a benchmark."""

    def placed(self, value: str, folder: str, section: Mapping[str, Any]) -> str:
        """Returns the benchmark, with its file joined to the folder if there is a file."""
        place = PathIfExists().placed
        whole = place(value, folder, section)
        name, equals, file = value.partition("=")
        return f"{name}={place(file, folder, section)}" if equals and whole == value else whole


class Decontaminate(Settings):
    """Settings: which benchmarks are protected, and how much a document may share with them."""

    benchmarks: Annotated[
        tuple[str, ...],
        Field(
            min_length=1, description="humaneval, FILE or NAME=FILE (JSONL, JSON, Parquet), or lm-eval tasks by name"
        ),
        BenchmarkPath(),
        Flag("--benchmark", "FILE|TASK"),
    ]
    policy: Annotated[
        str,
        Field(description=f"One of {', '.join(POLICIES)}; see `pomona contamination --policies`"),
        Flag("--policy"),
    ] = DEFAULT
    common_documents: Annotated[
        int | None,
        Field(
            ge=2,
            le=2**31 - 1,
            description="Number of documents from which an n-gram is common usage; AFM's 1,000 scaled to the corpus",
        ),
        Flag("--common-documents"),
    ] = None
    question_column: Annotated[
        str | None, Field(description="Files: column of the question; guessed by name"), Flag("--question-column")
    ] = None
    answer_column: Annotated[
        str | None, Field(description="Files: column of the answer; guessed by name"), Flag("--answer-column")
    ] = None

    @field_validator("policy")
    @classmethod
    def _known_policy(cls, value: str) -> str:
        if value not in POLICIES:
            raise ValueError(str(unknown("policy", value, POLICIES)))
        return value

    def prepare(self) -> None:
        """Loads the benchmarks. Raises `UserError` for a benchmark that cannot be read."""
        self.load()

    def load(self, more: Sequence[str] = ()) -> "list[Benchmark]":
        """Returns the protected benchmarks, and some more. Raises `UserError` for a benchmark that cannot be read."""
        from decontam.benchmarks import load_all

        benchmarks = load_all(self.benchmarks, self.question_column, self.answer_column)
        names = {one.name for one in benchmarks}
        return benchmarks + [one for one in load_all(more) if one.name not in names]
