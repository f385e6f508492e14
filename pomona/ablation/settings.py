"""A study: which variants are compared, by which models, at which seeds, and on what. Also the section `ablations`."""

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, ValidationError, field_validator, model_validator

from corpus.errors import UserError, unknown
from corpus.mixture.settings import Mixture
from corpus.settings import NAME, Path, Settings
from corpus.sizes import parse_count
from training.shape import NAMES

_FEWEST_SEEDS = 2
BITS_PER_BYTE = "bits_per_byte"  # metric; with ":GROUP" behind it, of the held-out documents of a group
ACCURACY = "next_token_accuracy"  # the same
SEARCHED, POINT = "searched", "search-"  # names of the best weights of a search, and of its runs
WITHOUT = "without-"  # what the name of a variant begins with that leaves a group out


class Search(Settings):
    """Small runs at random weights around the baseline's, and a surface through them (RegMix)."""

    runs: Annotated[
        int, Field(ge=8, le=100_000, description="Runs at random weights; ten per group are a beginning")
    ] = 32
    seed: Annotated[int, Field(ge=0, lt=2**32, description="Seed of the weights")] = 0
    confirm: Annotated[
        bool, Field(description="Train the best weights that the surface foresees, too, as the variant `searched`")
    ] = True


class Study(Settings):
    """Variants of a corpus or a recipe, each trained with several seeds, and compared with one of them."""

    name: Annotated[
        str,
        Field(pattern=NAME, description="Name of the study: letters, digits, '_', '.' or '-'; at most 64"),
    ]
    model: Annotated[
        tuple[str, ...],
        Field(min_length=1, description="Size of the models, e.g. 1M; or several: [1M, 3M], the smallest first"),
    ] = ("1M",)
    tokens: Annotated[
        tuple[int, ...],
        Field(min_length=1, description="Tokens that each model is trained on, e.g. 300K; one number, or one per size"),
    ] = (300_000,)
    seeds: Annotated[
        tuple[int, ...],
        Field(min_length=1, description="Seeds of each variant: of the choice of documents and of first values"),
    ] = (1, 2, 3)
    baseline: Annotated[str, Field(description="Variant that the others are compared with")]
    variants: Annotated[
        dict[str, dict[str, Any]],
        Field(
            description="By name, what differs: fields of a mixture (weights, by, where, ...), `train` with fields "
            "of a run, `before` with a list of runs that lead to it, and sections of the recipe with the fields that "
            "change (filter, dedup, tokenizer, ...)"
        ),
    ]
    held_out: Annotated[
        tuple[str, ...] | None,
        Field(
            description="Groups on whose held-out documents bits per byte are measured; no variant reads these; those "
            "that have a weight in the baseline by default, [] for none"
        ),
    ] = None
    evaluation_tokens: Annotated[
        int, Field(gt=0, description="Held-out tokens of each group, at most a tenth of what the group has")
    ] = 16_384
    suites: Annotated[
        tuple[str, ...], Field(description="Suites on which the models are scored, too, by name or as YAML files")
    ] = ()
    tasks: Annotated[
        tuple[str, ...],
        Field(description="Tasks on which they are scored, too: names of ours, of lm-eval, or own ones"),
    ] = ()
    tasks_path: Annotated[
        str | None, Field(description="Folder with more tasks, as YAML files in lm-eval's format"), Path()
    ] = None
    data: Annotated[
        str | None, Field(description="Folder with local files of the tasks' data sets, in place of the hub"), Path()
    ] = None
    limit: Annotated[int | None, Field(ge=1, description="Only the first items of each task; all by default")] = None
    accuracy: Annotated[
        bool | None,
        Field(
            description="Measure also how often the next token of held-out documents is the likeliest; by default if a "
            "run has a teacher, whose students are surer of it than bits per byte reward"
        ),
    ] = None
    mixture: Annotated[
        dict[str, Any], Field(description="Fields of the mixtures of all variants, e.g. max_epochs: 4")
    ] = Field(default_factory=dict)
    train: Annotated[dict[str, Any], Field(description="Fields of the runs of all variants, e.g. optimizer: adamw")] = (
        Field(default_factory=dict)
    )
    runs: Annotated[
        dict[str, dict[str, Any]],
        Field(
            description="By name, fields of runs that are trained once, on the baseline's mixture: variants may start "
            "from them (train or before: {after: NAME}) or learn from them (teacher: NAME). Their model is the "
            "study's by default; each needs tokens"
        ),
    ] = Field(default_factory=dict)
    equal_cost: Annotated[
        bool,
        Field(
            description="Each variant costs as many FLOPs as the baseline, by fewer or more tokens in its last run; "
            "runs before it and a teacher's reading count, `runs` do not. Otherwise all last runs have as many tokens"
        ),
    ] = False
    recipe: Annotated[
        str | None,
        Field(description="Recipe whose sections the variants change; it is needed if one of them does"),
        Path(),
    ] = None
    leave_one_out: Annotated[
        bool,
        Field(description="One more variant for each group of the baseline, without it: what is the group worth?"),
    ] = False
    search: Annotated[
        Search | None,
        Field(description="Search for better weights than the baseline's, by models of the first size"),
    ] = None
    at_once: Annotated[
        int | None,
        Field(ge=1, le=256, description="Runs that are trained at the same time; one per core or GPU by default"),
    ] = None

    @field_validator("model", "held_out", "suites", "tasks", mode="before")
    @classmethod
    def _one_or_several(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @field_validator("tokens", mode="before")
    @classmethod
    def _counts(cls, value: Any) -> Any:
        several = value if isinstance(value, (list, tuple)) else [value]
        return [parse_count(one) for one in several]

    @field_validator("evaluation_tokens", mode="before")
    @classmethod
    def _count(cls, value: Any) -> Any:
        return parse_count(value)

    @field_validator("seeds", mode="before")
    @classmethod
    def _numbered(cls, value: Any) -> Any:
        is_number = isinstance(value, int) and not isinstance(value, bool)
        return list(range(1, value + 1)) if is_number else value

    @model_validator(mode="after")
    def _makes_sense(self) -> "Study":
        if self.baseline not in self.variants:
            raise ValueError(str(unknown("baseline", self.baseline, sorted(self.variants))))
        for name in self.variants:
            if not re.fullmatch(NAME, name):
                raise ValueError(f"variant {name!r}: a name has letters, digits, '_', '.' or '-'; at most 64")
        if len(self.variants) < 2 and not (self.leave_one_out or self.search):
            raise ValueError("variants has one entry; a comparison needs another one beside the baseline")

        if self.search and not self.measured_on:
            raise ValueError("search needs held_out: the surface is that of bits per byte")
        if not (self.measured_on or self.suites or self.tasks):
            raise ValueError("nothing is measured: give held_out (groups), suites or tasks")
        self._check_seeds()
        self._check_models()
        return self

    def _check_seeds(self) -> None:
        if len(set(self.seeds)) != len(self.seeds):
            raise ValueError("seeds names a seed twice; they must differ")
        if len(self.seeds) < _FEWEST_SEEDS:
            raise ValueError(
                "seeds has one seed: it cannot tell a difference from chance; give two at least, better three or more"
            )
        if any(not 0 <= seed < 1 << 31 for seed in self.seeds):
            raise ValueError("seeds are numbers from 0 to 2147483647")

    def _check_models(self) -> None:
        for size in self.model:
            if size not in NAMES:
                raise ValueError(str(unknown("model size", size, NAMES, is_sorted=True)))
        if len(set(self.model)) != len(self.model):
            raise ValueError("model names a size twice; they must differ")
        if len(self.tokens) not in (1, len(self.model)):
            n, models = len(self.tokens), len(self.model)
            raise ValueError(f"tokens has {n} numbers for {models} models; give one, or as many")

    @property
    def measured_on(self) -> tuple[str, ...]:
        """Returns the groups on whose held-out documents bits per byte are measured."""
        if self.held_out is not None:
            return self.held_out
        weights = {**self.mixture, **(self.variants.get(self.baseline) or {})}.get("weights") or {}
        try:
            read = Mixture.model_validate({"name": "m", "weights": weights}).weights
        except ValidationError:  # the variant says what is wrong
            return ()
        return tuple(group for group, weight in read.items() if weight)

    @property
    def is_accuracy_measured(self) -> bool:
        """Returns whether next tokens are also counted."""
        if self.accuracy is not None:
            return self.accuracy
        several = [self.train, *((one or {}).get("train") for one in self.variants.values())]
        return any(isinstance(one, Mapping) and one.get("teacher") is not None for one in several)

    def size_of(self, run: object, model: str) -> str:
        """Returns the size of the model that a chain begins with: that of one of the study's `runs`, or `model` for a
        chain that begins with none of them (None)."""
        for _ in self.runs:
            fields = self.runs.get(str(run)) or {}
            if not fields.get("after"):
                return str(fields.get("model") or model)
            run = fields["after"]
        return model

    def tokens_of(self, model: str) -> int:
        """Returns the tokens that models of a size are trained on."""
        return self.tokens[self.model.index(model)] if len(self.tokens) > 1 else self.tokens[0]

    def check(self) -> None:
        """Raises `UserError` for a suite or a variant that is no good."""
        from eval_suites import suites

        for name in self.suites:
            suites.load(name)
        if self.recipe is not None:
            try:
                open(self.recipe).close()
            except OSError as error:
                raise UserError(f"recipe {self.recipe}: {error.strerror}") from error

    def that_change_results(self) -> dict[str, Any]:
        """Returns the settings on which results depend, as JSON values."""
        unused = {"accuracy"} if self.accuracy is None else set()  # fields that earlier studies did not have
        unused |= {name for name in ("runs", "equal_cost") if not getattr(self, name)}
        return self.model_dump(mode="json", exclude={"name", "at_once", "recipe"} | unused)
