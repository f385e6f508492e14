"""Scoring a model beside lm-eval: few-shot choices, choices without examples, texts, and whole commands.

The peer is lm-eval's class `hf` on the same model, tasks and machine, at the best of several batch sizes. Both sides
answer the same requests of lm-eval's tasks, in float32; answers are compared, and accuracies have to be the same.

The model is SmolLM2-135M-Instruct, if SMOLLM names its folder (docs/guides/score.md says how to get it), else a model of
26M parameters with random weights, which costs the same. Questions are those of MMLU and GSM8K in ../shared/data, if
they are there, else generated ones of the same lengths.
"""

import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.claims import Claim, claim, named

_DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "benchmarks"
_SUBJECTS = ("anatomy", "computer_security", "high_school_mathematics")
_ITEMS, _SHOTS = 90, 5
_BATCHES = (1, 4, 16)  # of the peer
_TRIED = 48  # requests that show which batch size is the best
_WRITTEN = 12  # texts


def run(path: Path | None) -> Iterator[Claim]:
    """Choices with and without examples, texts, agreement of answers, and start-up."""
    from lm_eval.models.huggingface import HFLM

    from eval_suites.asking import Asker
    from eval_suites.harness import Harness
    from eval_suites.models.loading import load
    from eval_suites.models.local import LocalResponder
    from eval_suites.store import InMemory

    os.environ["TQDM_DISABLE"] = "1"
    with tempfile.TemporaryDirectory() as folder:
        model = _model(Path(folder) / "model")
        loaded = load(model)
        size = sum(one.numel() for one in loaded.model.parameters())
        name = f"{size / 1e6:.0f}M parameters" + ("" if os.environ.get("SMOLLM") else ", random weights")
        peers = {size: HFLM(pretrained=model, dtype="float32", device="cpu", batch_size=size) for size in _BATCHES}

        def ours() -> Any:
            return Harness(Asker(LocalResponder(loaded), InMemory()))  # a new store: nothing is known

        for shots, target in ((_SHOTS, 8.0 if os.environ.get("SMOLLM") else 5.0), (0, 1.0)):
            asked = _questions(shots)
            yield from _choices(f"{shots}_shots", asked, ours(), peers, target, name)
        yield _texts(ours(), peers, name)


def _choices(
    label: str, asked: list[tuple[str, str]], ours: Any, peers: dict[int, Any], target: float, name: str
) -> Iterator[Claim]:
    """Likelihoods of the four letters after each question."""
    requests = _instances("loglikelihood", asked)
    started = time.perf_counter()
    got = ours.loglikelihood(requests)
    seconds = time.perf_counter() - started
    best = _fastest(peers, lambda peer: peer.loglikelihood(requests[-_TRIED:], disable_tqdm=True))
    started = time.perf_counter()
    expected = peers[best].loglikelihood(requests, disable_tqdm=True)
    peer_seconds = time.perf_counter() - started
    questions = len(asked) // 4
    note = f"{name}, {questions} questions of MMLU with 4 choices, {label.replace('_', ' ')}; the peer at batch size {best}"
    yield claim(f"scoring.choices_{label}", questions / seconds, questions / peer_seconds,
                f"hf, {named('lm_eval')}", "questions/s", target, note)  # fmt: skip

    apart = max(abs(a[0] - b[0]) for a, b in zip(got, expected, strict=True))
    same = all(_best(got, i) == _best(expected, i) for i in range(questions))
    yield Claim(f"scoring.agreement_{label}", apart, 1e-3, "0.001 nats", "nats", 1e-3 / max(apart, 1e-12), 1.0,
                apart <= 1e-3 and same, "largest difference of a log-likelihood; all answers are the same")  # fmt: skip


def _texts(ours: Any, peers: dict[int, Any], name: str) -> Claim:
    """Texts of 64 tokens after few-shot prompts of GSM8K."""
    settings = {"until": [], "max_gen_toks": 64, "do_sample": False}
    requests = _instances("generate_until", [(one, settings) for one in _word_problems()])
    started = time.perf_counter()
    ours.generate_until(requests)
    seconds = time.perf_counter() - started
    best = _fastest(peers, lambda peer: peer.generate_until(requests[:4], disable_tqdm=True))
    started = time.perf_counter()
    peers[best].generate_until(requests, disable_tqdm=True)
    peer_seconds = time.perf_counter() - started
    note = f"{name}, {len(requests)} prompts with 5 examples, 64 tokens each; the peer at batch size {best}"
    return claim("scoring.texts", len(requests) / seconds, len(requests) / peer_seconds, f"hf, {named('lm_eval')}",
                 "texts/s", 1.0, note)  # fmt: skip


def _fastest(peers: dict[int, Any], ask: Callable[[Any], Any]) -> int:
    """The batch size at which the peer answers some requests in the least time."""
    seconds = {}
    for size, peer in peers.items():
        started = time.perf_counter()
        ask(peer)
        seconds[size] = time.perf_counter() - started
    return min(seconds, key=lambda size: seconds[size])


def _best(answers: list[Any], question: int) -> int:
    four = answers[4 * question : 4 * question + 4]
    return max(range(4), key=lambda i: four[i][0])


def _instances(kind: Any, arguments: list[Any]) -> list[Any]:
    from lm_eval.api.instance import Instance

    return [Instance(kind, {}, one, i, ("task", i, 1)) for i, one in enumerate(arguments)]


def _questions(shots: int) -> list[tuple[str, str]]:
    """Pairs of a prompt and a letter, four for each question."""
    asked = []
    for subject, rows in _rows().items():
        head = f"The following are multiple choice questions (with answers) about {subject.replace('_', ' ')}.\n\n"
        head += "".join(_question(one, answered=True) for one in rows[:shots])
        for one in rows[_SHOTS : _SHOTS + _ITEMS]:
            asked += [(head + _question(one, answered=False), f" {letter}") for letter in "ABCD"]
    return asked


def _question(row: dict[str, Any], *, answered: bool) -> str:
    text = row["question"].strip()
    text += (
        "".join(f"\n{letter}. {choice}" for letter, choice in zip("ABCD", row["choices"], strict=True)) + "\nAnswer:"
    )
    return f"{text} {'ABCD'[row['answer']]}\n\n" if answered else text


def _rows() -> dict[str, list[dict[str, Any]]]:
    if (_DATA / "mmlu_50_subjects.parquet").exists():
        import polars as pl

        frame = pl.read_parquet(_DATA / "mmlu_50_subjects.parquet")
        return {one: frame.filter(pl.col("subject") == one).to_dicts() for one in _SUBJECTS}
    generator, words = random.Random(0), _words()
    return {
        one: [
            {
                "question": " ".join(generator.choices(words, k=35)),
                "choices": [" ".join(generator.choices(words, k=4)) for _ in range(4)],
                "answer": generator.randrange(4),
            }
            for _ in range(_SHOTS + _ITEMS)
        ]
        for one in _SUBJECTS
    }


def _word_problems() -> list[str]:
    if (_DATA / "gsm8k_test_first660.parquet").exists():
        import polars as pl

        rows = pl.read_parquet(_DATA / "gsm8k_test_first660.parquet").to_dicts()
    else:
        generator, words = random.Random(1), _words()
        rows = [
            {"question": " ".join(generator.choices(words, k=45)), "answer": " ".join(generator.choices(words, k=60))}
            for _ in range(_WRITTEN + 5)
        ]
    head = "".join(f"Question: {one['question']}\nAnswer: {one['answer']}\n\n" for one in rows[:5])
    return [f"{head}Question: {one['question']}\nAnswer:" for one in rows[5 : 5 + _WRITTEN]]


def _words() -> list[str]:
    import pydoc_data.topics

    return " ".join(pydoc_data.topics.topics.values()).split()[:20_000]


def _model(folder: Path) -> str:
    """A folder with a model and its tokenizer."""
    given = os.environ.get("SMOLLM")
    if given:
        return given
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

    from training import shape

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=8192, special_tokens=["<s>", "</s>"], initial_alphabet=alphabet)
    tokenizer.train_from_iterator([" ".join(_words())], trainer)
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>").save_pretrained(folder)
    config = shape.named("26M", 49_152).to_config(max_position_embeddings=4096, bos_token_id=0, eos_token_id=1)
    Qwen3ForCausalLM(Qwen3Config(**config)).save_pretrained(folder)
    return str(folder)
