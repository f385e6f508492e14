"""The recipe's section `score`: one entry per model and suite."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from corpus.settings import NAME, Flag, Path, PathIfExists, Settings
from eval_suites.models.endpoint.settings import Endpoint

DtypeName = Literal["float32", "bfloat16", "float16"]


class Score(Settings):
    """A model that is scored on a suite."""

    name: Annotated[
        str,
        Field(pattern=NAME, description="Name of the score: letters, digits, '_', '.' or '-'; at most 64"),
        Flag("--name", "NAME", by_default="MODEL-SUITE"),
    ]
    model: Annotated[
        str,
        Field(
            description="Run of the lake or of the recipe, a folder with a Hugging Face model, a .gguf file, or the "
            "address of an endpoint that speaks OpenAI's protocol, with the model's name: http://localhost:8000/v1#qwen"
        ),
        PathIfExists(),
    ]
    suite: Annotated[
        str | None,
        Field(description="Suite, by its name or as a YAML file; offline by default"),
        Flag("--suite", "NAME"),
    ] = None
    tasks: Annotated[
        tuple[str, ...],
        Field(description="Tasks in place of a suite: names of ours, of lm-eval, or of tasks_path"),
        Flag("--tasks", "A,B"),
    ] = ()
    tasks_path: Annotated[
        str | None,
        Field(description="Folder with more tasks, as YAML files in lm-eval's format"),
        PathIfExists(),
        Flag("--tasks-path", "FOLDER"),
    ] = None
    data: Annotated[
        str | None,
        Field(description="Folder with local files of the suite's data sets, in place of the hub"),
        PathIfExists(),
        Flag("--data", "FOLDER"),
    ] = None
    shots: Annotated[
        int | None,
        Field(ge=0, le=1000, description="Examples before each question; what the suite or task says by default"),
        Flag("--shots"),
    ] = None
    limit: Annotated[
        int | None,
        Field(ge=1, description="Only the first items of each task; all by default"),
        Flag("--limit"),
    ] = None
    until_settled: Annotated[
        bool,
        Field(description="Take items in a random order, and stop as soon as the answer is settled"),
        Flag("--until-settled"),
    ] = False
    against: Annotated[
        str | None,
        Field(description="Score of another model on the same suite; settled is then which of both is better"),
        Flag("--against", "SCORE"),
    ] = None
    half_width: Annotated[
        float | None,
        Field(
            gt=0, le=0.5,
            description="Settled is also an interval that reaches no further to each side; 0.05 without another model",
        ),
        Flag("--half-width"),
    ] = None  # fmt: skip
    membership: Annotated[
        bool,
        Field(description="Also look for hints that the model has read the items in training; none of them is a proof"),
        Flag("--membership"),
    ] = False
    run_code: Annotated[
        bool,
        Field(description="Run the programs that the model writes, in locked processes; tasks of code need it"),
        Flag("--run-code"),
    ] = False
    guardrails: Annotated[
        str | None,
        Field(description="YAML file with rules that refuse, replace or flag words around the model"),
        Path(),
        Flag("--guardrails", "FILE"),
    ] = None
    feature: Annotated[
        str | None,
        Field(description="Feature whose rules of the guardrails hold; those of no feature by default"),
        Flag("--feature", "NAME"),
    ] = None
    chat: Annotated[bool, Field(description="Ask through the model's chat template"), Flag("--chat")] = False
    dtype: Annotated[
        DtypeName, Field(description="Precision of the model; answers differ slightly between them"), Flag("--dtype")
    ] = "float32"
    seed: Annotated[int, Field(ge=0, lt=2**32, description="Seed of texts that are sampled"), Flag("--seed")] = 0
    endpoint: Annotated[Endpoint, Field(description="How a model behind an endpoint is asked: key, pace, prices")] = (
        Endpoint()
    )

    @model_validator(mode="before")
    @classmethod
    def _one_name(cls, values: Any) -> Any:
        if isinstance(values, dict) and isinstance(values.get("tasks"), str):
            values = values | {"tasks": [values["tasks"]]}
        return values

    @model_validator(mode="after")
    def _makes_sense(self) -> "Score":
        if self.suite and self.tasks:
            raise ValueError("suite and tasks both say what to score; give one of them")
        if not self.until_settled and (self.against or self.half_width):
            raise ValueError("against and half_width say when to stop; they need until_settled")
        if self.until_settled and self.limit:
            raise ValueError("limit and until_settled both say how many items to take; give one of them")
        if self.feature is not None and self.guardrails is None:
            raise ValueError("feature chooses rules of guardrails; give their file, too")
        return self

    def check(self) -> None:
        """Raises `UserError` for a suite that does not exist, or guardrails that are no good."""
        from eval_suites import suites
        from eval_suites.safety import rules

        if not self.tasks:
            suites.load(self.suite or "offline")
        if self.guardrails is not None:
            rules.load(self.guardrails, self.feature)

    def that_change_results(self) -> dict[str, Any]:
        """Returns the settings on which scores depend, as JSON values."""
        return self.model_dump(mode="json", exclude={"name", "model", "endpoint"})
