"""The recipe's section `train`: one entry per run, in order; a run can continue from an earlier one."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path as FilePath
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from corpus.errors import UserError
from corpus.settings import NAME, Flag, Path, PathIfExists, Settings
from corpus.shards.kinds import Boundaries, Kind
from corpus.sizes import parse_count

StageName = Literal["core", "continued", "long_context"]
OptimizerName = Literal["rmsprop", "adamw", "muon"]
ScheduleName = Literal["cosine", "constant", "linear", "wsd"]
PrecisionName = Literal["auto", "float32", "bfloat16"]
ObjectiveName = Literal["next_token", "distill", "divergence"]
LONG_ROPE_BASE = 6_315_089.0  # AFM's, arXiv:2407.21075; from Liu et al. 2023, arXiv:2310.05209


@dataclass(frozen=True, slots=True)
class Preset:
    """AFM's values of a stage of pre-training (paper section 3.1)."""

    learning_rate: float  # peak
    weight_decay: float
    warm_up_steps: int  # at most: a short run has a tenth of its steps
    final: float  # factor of the schedule at the last step
    longer: int  # sequences are this many times as long as those of core pre-training
    rope_base: float | None = None  # None: that of the model


PRESETS = {
    "core": Preset(0.01, 3.16e-4, 5000, 0.005, 1),
    "continued": Preset(3e-4, 1e-5, 1000, 0.001, 2),
    "long_context": Preset(3e-4, 1e-5, 1000, 0.001, 8, LONG_ROPE_BASE),
}
_OF_OTHERS = {"adamw": (3e-3, 0.1), "muon": (0.02, 0.01)}  # learning rate and decay of a core run


class Run(Settings):
    """One training run: a model, what it reads, and how it learns."""

    name: Annotated[
        str,
        Field(pattern=NAME, description="Name of the run: letters, digits, '_', '.' or '-'; at most 64"),
        Flag("--name", "NAME", by_default="from its model and seed"),
    ]
    mixture: Annotated[str, Field(description="Mixture that it reads"), Flag("--mixture", "NAME")]
    model: Annotated[
        str | None,
        Field(
            description="Size of a new model, e.g. 1M, 6M, 26M, 150M, 1B or afm_on_device; or a folder with a Qwen3 "
            "model in Hugging Face's format to start from; 6M by default"
        ),
        PathIfExists(),
        Flag("--model", "SIZE|FOLDER"),
    ] = None
    after: Annotated[
        str | None,
        Field(description="Run whose last checkpoint it starts from, by name or id, in place of model"),
        Flag("--after", "RUN"),
    ] = None
    stage: Annotated[
        StageName,
        Field(description="Stage of pre-training, whose values in AFM are the defaults of what follows"),
        Flag("--stage"),
    ] = "core"
    tokens: Annotated[
        int | None,
        Field(gt=0, description="Tokens to train on, e.g. 400K; the whole mixture once by default"),
        Flag("--tokens", "COUNT", as_text=True),
    ] = None
    seed: Annotated[int, Field(ge=0, lt=2**32, description="Seed of the model's first values"), Flag("--seed")] = 0
    sequence_length: Annotated[
        int | None,
        Field(
            ge=2, le=1 << 20,
            description="Tokens of a sequence; by default 256 for models below 10M, 512 below 100M, 2048 below 1B, "
            "else 4096, and in later stages 2 and 8 times that",
        ),
        Flag("--sequence-length"),
    ] = None  # fmt: skip
    batch_tokens: Annotated[
        int | None,
        Field(
            gt=0,
            description="Tokens of a step, all devices together, e.g. 8K; by default a 2000th of the run's tokens, as "
            "a power of two, from 2048 to 4M; less in runs too short for 16 such steps",
        ),
        Flag("--batch-tokens", "COUNT", as_text=True),
    ] = None  # fmt: skip
    optimizer: Annotated[
        OptimizerName, Field(description="AFM's RMSProp with momentum, or another"), Flag("--optimizer")
    ] = "rmsprop"
    learning_rate: Annotated[
        float | None,
        Field(gt=0, le=10, description="Peak learning rate; that of the stage by default"),
        Flag("--learning-rate"),
    ] = None
    weight_decay: Annotated[
        float | None,
        Field(ge=0, le=1, description="Weight decay, as the optimizer takes it; that of the stage by default"),
    ] = None
    schedule: Annotated[ScheduleName, Field(description="How the learning rate falls after its warm-up")] = "cosine"
    warm_up_steps: Annotated[
        int | None, Field(ge=0, description="Steps of the warm-up; by default the stage's, at most a tenth of the run")
    ] = None
    final: Annotated[
        float | None,
        Field(ge=0, le=1, description="Share of the learning rate at the last step; the stage's by default"),
    ] = None
    clip_norm: Annotated[float, Field(gt=0, description="Largest norm of the gradients")] = 1.0
    skip_norm: Annotated[float, Field(gt=0, description="Norm of the gradients from which a step is skipped")] = 100.0
    z_loss: Annotated[float, Field(ge=0, le=1, description="Weight of the z-loss")] = 1e-6
    objective: Annotated[
        ObjectiveName,
        Field(
            description="What a step minimizes: the cross-entropy of the next token, or, with a teacher, also that of "
            "the token which the teacher finds likeliest (distill), or the divergence from it (divergence); distill "
            "if there is a teacher"
        ),
    ] = "next_token"
    teacher: Annotated[
        str | None,
        Field(
            description="Model that it learns from besides: a run, by name or id, or a folder with a Qwen3 model that "
            "has the lake's tokenizer"
        ),
        PathIfExists(),
        Flag("--teacher", "RUN|FOLDER"),
    ] = None
    teacher_share: Annotated[
        float, Field(ge=0, le=1, description="Share of the target that the teacher has"), Flag("--teacher-share")
    ] = 0.9
    teacher_ids: Annotated[
        Literal["stored", "online"],
        Field(
            description="Whether the teacher's likeliest tokens are made before, once for all runs that read the same "
            "sequences (4 bytes a token), or in each step; divergence is always online"
        ),
        Flag("--teacher-ids"),
    ] = "stored"
    units: Annotated[
        int | None,
        Field(
            ge=1, le=1 << 20,
            description="Hidden units of each feed-forward block. A new model gets as many; of one that has more, a "
            "mask is learned, and what it leaves out is cut at the end",
        ),
        Flag("--units"),
    ] = None  # fmt: skip
    keep: Annotated[
        float | None,
        Field(
            gt=0, le=1,
            description="The same as a share of the units that the model has, which fits models of all sizes: 0.33",
        ),
        Flag("--keep"),
    ] = None  # fmt: skip
    mask_epsilon: Annotated[
        float, Field(gt=0, le=4, description="Weight of a mask's entropy, in units of scores; the less, the harder")
    ] = 0.1
    mask_learning_rate: Annotated[
        float, Field(gt=0, le=10, description="Peak learning rate of the scores of masks; the schedule is the run's")
    ] = 0.1
    rope_base: Annotated[
        float | None,
        Field(gt=1, description="Base of RoPE; that of the model, or of the long-context stage, by default"),
    ] = None
    packing: Annotated[
        Kind,
        Field(
            description="How sequences are filled: concatenated leaves no slot empty, best_fit cuts no document that "
            "fits into one"
        ),
        Flag("--packing"),
    ] = "concatenated"
    boundaries: Annotated[
        Boundaries,
        Field(
            description="What a document's end does: mask keeps attention within a document, positions only restarts "
            "positions, none nothing"
        ),
        Flag("--boundaries"),
    ] = "mask"
    precision: Annotated[
        PrecisionName,
        Field(description="Type of matrix products; auto is bfloat16 where this machine is faster with it"),
        Flag("--precision"),
    ] = "auto"
    evaluations: Annotated[
        int,
        Field(ge=1, le=10_000, description="How often the loss on held-out documents is measured, the end included"),
    ] = 5
    last_evaluations: Annotated[
        int,
        Field(
            ge=0, le=100, description="Further ones in the last tenth of the run, whose spread is that of checkpoints"
        ),
    ] = 0
    evaluation_tokens: Annotated[
        int | None,
        Field(
            gt=0,
            description="Held-out tokens of each group for that, the same documents in every run; 32768 by default",
        ),
    ] = None
    held_out: Annotated[
        str | None,
        Field(
            description="Folder of token shards whose held-out documents the loss is measured on, so that runs over "
            "several mixtures are measured alike; the mixture's own by default"
        ),
        Path(),
    ] = None
    micro_batch_tokens: Annotated[
        int, Field(gt=0, description="Tokens that a device computes at once; changes memory and speed only")
    ] = 1 << 14
    save_minutes: Annotated[
        float, Field(gt=0, description="Minutes between two saves of the state that a killed run continues from")
    ] = 10.0
    checkpoint_activations: Annotated[
        bool, Field(description="Compute activations twice, to hold fewer of them; changes memory and speed only")
    ] = False
    processes: Annotated[
        int,
        Field(ge=1, le=4096, description="Processes on this machine, one per device; changes speed only"),
        Flag("--processes"),
    ] = 1
    sharded: Annotated[
        bool,
        Field(
            description="Each process keeps a piece of the model, its gradients and the optimizer's state, in place of "
            "all of it (FSDP2); changes memory and speed only"
        ),
    ] = False
    compile: Annotated[
        bool,
        Field(description="On a GPU, compile the model's blocks (torch.compile); changes speed only"),
    ] = True
    wandb: Annotated[
        str | None,
        Field(min_length=1, description="Project of Weights & Biases that gets the curves as well; changes no result"),
        Flag("--wandb", "PROJECT"),
    ] = None

    @model_validator(mode="before")
    @classmethod
    def _taught(cls, value: Any) -> Any:
        is_taught = isinstance(value, Mapping) and value.get("teacher") is not None
        return {"objective": "distill", **value} if is_taught else value

    @field_validator("tokens", "batch_tokens", "evaluation_tokens", "micro_batch_tokens", mode="before")
    @classmethod
    def _count(cls, value: Any) -> Any:
        return value if value is None else parse_count(value)

    @model_validator(mode="after")
    def _makes_sense(self) -> "Run":
        if self.model is not None and self.after is not None:
            raise ValueError("model and after both say what the run starts from; give one of them")
        if self.units is not None and self.keep is not None:
            raise ValueError("units and keep both say how many feed-forward units stay; give one of them")
        if self.teacher is None and self.objective != "next_token":
            raise ValueError(f"objective {self.objective} needs a teacher: a run or a folder")
        if self.teacher is not None and self.objective == "next_token":
            raise ValueError("objective next_token takes no teacher; leave one of the two out")
        return self

    def check(self) -> None:
        """Raises `UserError` if what training needs is not installed."""
        if find_spec("torch") is None or find_spec("safetensors") is None:
            raise UserError("training needs PyTorch: pip install 'pomona[train]'")
        if self.wandb and find_spec("wandb") is None:
            raise UserError(f"train {self.name!r}: wandb is not installed: pip install 'pomona[wandb]'")

    def prepare(self) -> None:
        """Raises `UserError` if what training needs is not installed, before hours of other work."""
        self.check()

    @property
    def preset(self) -> Preset:
        """Returns AFM's values of the run's stage."""
        return PRESETS[self.stage]

    def peak(self) -> float:
        """Returns the peak learning rate."""
        if self.learning_rate is not None:
            return self.learning_rate
        lr = self.preset.learning_rate
        return lr if self.optimizer == "rmsprop" else _OF_OTHERS[self.optimizer][0] * lr / PRESETS["core"].learning_rate

    def decay(self) -> float:
        """Returns the weight decay."""
        if self.weight_decay is not None:
            return self.weight_decay
        return self.preset.weight_decay if self.optimizer == "rmsprop" else _OF_OTHERS[self.optimizer][1]

    def that_change_results(self) -> dict[str, Any]:
        """Returns the settings that change what a run learns, as JSON values."""
        only_speed = {
            "name", "micro_batch_tokens", "save_minutes", "checkpoint_activations", "processes", "sharded", "compile",
            "wandb",
        }  # fmt: skip
        teaching = {"teacher"} if self.teacher else {"teacher", "teacher_share"}  # a run's id has that of its teacher
        pruning = {name for name in ("units", "keep") if getattr(self, name) is None}
        pruning |= {"mask_epsilon", "mask_learning_rate"} if len(pruning) == 2 else set()
        values = self.model_dump(
            mode="json", exclude=only_speed | {"held_out", "last_evaluations", "teacher_ids"} | teaching | pruning
        )
        return (
            values
            | ({"last_evaluations": self.last_evaluations} if self.last_evaluations else {})
            | ({"held_out": _content(self.held_out)} if self.held_out else {})
        )


def _content(shards: str) -> str:
    """Returns a hash of the held-out documents of token shards."""
    from corpus.task import digest

    files = sorted(path for path in (FilePath(shards).expanduser() / "held_out").glob("*") if path.is_file())
    if not files:
        raise UserError(f"held_out {shards}: there are no token shards with held-out documents")
    return digest([(path.name, sha256(path.read_bytes()).hexdigest()) for path in files])
