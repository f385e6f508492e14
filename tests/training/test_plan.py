"""Plans: defaults of a run by its size and stage, and mistakes in one line."""

import json
from pathlib import Path

import pytest

from corpus.errors import UserError
from training.plan import Plan, Reads, evaluated_at, length_of, make, shape_of, sizes
from training.settings import Run
from training.shape import named


def run(**fields: object) -> Run:
    return Run.model_validate({"name": "r", "mixture": "M", **fields})


@pytest.mark.parametrize(
    ("size", "stage", "length"),
    [
        ("1M", "core", 256), ("6M", "core", 256), ("26M", "core", 512), ("150M", "core", 2048), ("3B", "core", 4096),
        ("afm_on_device", "continued", 8192), ("afm_on_device", "long_context", 32_768), ("1M", "long_context", 2048),
    ],
)  # fmt: skip
def test_sequences_are_as_long_as_afms_at_its_size(size: str, stage: str, length: int) -> None:
    assert length_of(run(stage=stage), named(size, 49_152)) == length


def test_the_stages_of_afm() -> None:
    core, continued, long = (run(stage=stage) for stage in ("core", "continued", "long_context"))
    assert (core.peak(), core.decay(), core.preset.warm_up_steps, core.preset.final) == (0.01, 3.16e-4, 5000, 0.005)
    assert (continued.peak(), continued.decay(), continued.preset.warm_up_steps) == (3e-4, 1e-5, 1000)
    assert continued.preset.final == 0.001
    shape = shape_of(long.model_copy(update={"model": "afm_on_device"}), "", 49_152)
    assert shape.rope_base == 6_315_089
    assert shape_of(run(model="afm_on_device"), "", 49_152).rope_base == 500_000
    assert run(optimizer="adamw", stage="continued").peak() == pytest.approx(3e-3 * 0.03)


@pytest.mark.parametrize(
    ("tokens", "batch", "steps"),
    [("400K", 2048, 195), ("20M", 8192, 2441), ("50B", 1 << 22, 11920), ("3K", 256, 11), ("20K", 1024, 19)],
)
def test_a_run_has_some_two_thousand_steps_between_the_smallest_and_the_largest_batch(
    tokens: str, batch: int, steps: int
) -> None:
    assert sizes(run(tokens=tokens), 256, 10**9) == (batch // 256, steps)


def test_without_tokens_a_run_reads_the_mixture_once() -> None:
    sequences, steps = sizes(run(batch_tokens=1024), 256, 1001)
    assert (sequences, steps) == (4, 250)


def test_too_few_tokens_are_an_error_that_says_what_to_do() -> None:
    with pytest.raises(UserError) as error:
        sizes(run(tokens="2M"), 256, 100)
    assert str(error.value) == (
        "train 'r': mixture 'M' has 25.6K tokens in sequences of 256, and 2M are asked for; lower tokens (or "
        "batch_tokens), or make a larger mixture: more text, or repeats by max_epochs"
    )


def test_evaluations_are_even_and_end_with_the_run() -> None:
    assert evaluated_at(run(evaluations=4), 100) == (25, 50, 75, 100)
    assert evaluated_at(run(evaluations=9), 3) == (1, 2, 3)
    assert evaluated_at(run(evaluations=1, last_evaluations=2), 100) == (90, 95, 100)
    assert evaluated_at(run(evaluations=1, last_evaluations=2), 3) == (3,)


def test_a_vocabulary_of_another_size_is_refused(tmp_path: object) -> None:
    folder = Path(str(tmp_path))
    (folder / "config.json").write_text(json.dumps(named("1M", 700).to_config(max_position_embeddings=8)))
    with pytest.raises(UserError, match="has 700 ids, the tokenizer 560; train with the tokenizer"):
        shape_of(run(), str(folder), 560)


def test_a_plan_is_the_same_after_a_way_through_json() -> None:
    reads = Reads(shards=Path("s"), packing=None, tokenizer=Path("t"), pad=0, length=256, n_sequences=10_000)
    settings = run(tokens="400K", warm_up_steps=7, batch_tokens="2K")
    made = make(settings, "k", reads, start="", shape=named("1M", 560), precision="float32")
    assert Plan.from_json(made.to_json()) == made
    assert (made.warm_up, made.steps, made.evaluation_tokens) == (7, 195, 32768)


@pytest.mark.parametrize("fields", [{"tokens": "1K"}, {"tokens": "20K", "batch_tokens": 100}])
def test_less_than_one_sequence_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(UserError, match=r"tokens is .*, less than one sequence of 2,048; raise it or lower"):
        sizes(run(**fields), 2048, 10**6)
