"""The recipe's section `judge`: one entry per comparison, or per model that is graded."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from corpus.settings import NAME, Flag, Path, PathIfExists, Settings
from eval_suites.judges.questions import CRITERIA, How
from eval_suites.models.endpoint.settings import Endpoint
from eval_suites.settings import DtypeName

Mode = Literal["pairs", "grades", "summaries"]
_MODEL = "a run of the lake or of the recipe, a folder, a .gguf file, or the address of an endpoint"


class Judge(Settings):
    """Answers that a judge compares or grades."""

    name: Annotated[
        str,
        Field(pattern=NAME, description="Name of the study: letters, digits, '_', '.' or '-'; at most 64"),
        Flag("--name", "NAME", by_default="A-B"),
    ]
    a: Annotated[
        str, Field(description=f"Model whose answers are judged ({_MODEL}), or a file of answers"), PathIfExists()
    ]
    b: Annotated[
        str | None, Field(description="Model or file that it is compared with; a model is graded alone without"),
        PathIfExists(),
    ] = None  # fmt: skip
    judge: Annotated[str, Field(description=f"Model that judges: {_MODEL}"), PathIfExists(), Flag("--judge", "MODEL")]
    prompts: Annotated[
        str | None,
        Field(description="File of prompts that models are asked (.jsonl, .json, .parquet, .csv); those of the file of "
              "answers by default"),
        Path(),
        Flag("--prompts", "FILE"),
    ] = None  # fmt: skip
    mode: Annotated[
        Mode | None,
        Field(description="pairs: which answer is better; grades: 1 to 10 for each answer; summaries: poor, neutral or "
              "good in five dimensions. pairs with b, grades without, by default"),
        Flag("--mode"),
    ] = None  # fmt: skip
    how: Annotated[
        How | None,
        Field(description="likelihood: how likely each verdict is to the judge; text: what it writes; fluency: no "
              "verdict, but which answer itself is likelier to it, per byte: a baseline for judges. likelihood by "
              "default, and text for an endpoint"),
        Flag("--how"),
    ] = None  # fmt: skip
    criteria: Annotated[
        str, Field(min_length=1, description="What counts in an answer"), Flag("--criteria", "TEXT")
    ] = CRITERIA
    ties: Annotated[bool, Field(description="Whether the judge may call two answers equally good")] = True
    limit: Annotated[int | None, Field(ge=1, description="Only the first prompts"), Flag("--limit")] = None
    temperature: Annotated[
        float,
        Field(ge=0, le=10, description="Of the models' answers; 0 takes the likeliest token"),
        Flag("--temperature"),
    ] = 0.0
    temperature_b: Annotated[
        float | None, Field(ge=0, le=10, description="Of the answers of b; as that of a by default"),
        Flag("--temperature-b"),
    ] = None  # fmt: skip
    most_tokens: Annotated[int, Field(ge=1, description="Most tokens of an answer"), Flag("--most-tokens")] = 256
    chat: Annotated[
        bool | None, Field(description="Ask through chat templates; by default wherever a model has one")
    ] = None
    dtype: Annotated[DtypeName, Field(description="Precision of the models"), Flag("--dtype")] = "float32"
    seed: Annotated[int, Field(ge=0, lt=2**32, description="Seed of answers that are sampled"), Flag("--seed")] = 0
    endpoint: Annotated[Endpoint, Field(description="How models behind endpoints are asked: key, pace, prices")] = (
        Endpoint()
    )

    @model_validator(mode="after")
    def _makes_sense(self) -> "Judge":
        if self.kind == "pairs" and self.b is None:
            raise ValueError("pairs compare a with b; name b, or choose grades or summaries")
        if self.how == "fluency" and self.kind != "pairs":
            raise ValueError("fluency compares two answers; it gives no grades")
        if self.b is None and self.temperature_b is not None:
            raise ValueError("temperature_b is that of b, and there is no b")
        return self

    @property
    def kind(self) -> Mode:
        """What is asked of the judge."""
        return self.mode or ("grades" if self.b is None else "pairs")

    def that_change_results(self) -> dict[str, Any]:
        """Returns the settings on which verdicts depend, as JSON values."""
        fields = self.model_dump(mode="json", exclude={"name", "a", "b", "judge", "prompts", "endpoint"})
        return fields | {"mode": self.kind}
