"""Learns a BPE vocabulary from texts, as AFM's (paper section 2.7): digits one by one, byte fallback, no normalization.

Ids: control and chat tokens first (0 fills up, 1 ends a document), then the 256 bytes, then single characters and
merges. Characters that the vocabulary lacks become bytes, so each text is what its tokens decode to, byte for byte.
Blanks stay blanks: no other character stands for them.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from corpus.errors import UserError
from corpus.tokenizer.loading import FILE, SETTINGS

PAD, END = "<|pad|>", "<|endoftext|>"
TURN, TURN_END = "<|im_start|>", "<|im_end|>"
CONTROL = (
    PAD, END, TURN, TURN_END, "<|tool_call|>", "<|tool_result|>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>",
    *(f"<|reserved_{i}|>" for i in range(23)),
)  # fmt: skip
BYTES = tuple(f"<0x{byte:02X}>" for byte in range(256))
ALWAYS = tuple(map(chr, (0x09, 0x0A, 0x0D, *range(0x20, 0x7F))))  # characters with an id of their own in any case
LEAST_SIZE = len(CONTROL) + len(BYTES) + len(ALWAYS)
_LONGEST_TOKEN = 64  # characters
_ALPHABET_SHARE = 8  # at most one of so many ids is a single character
_CHAT = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)


def learn(texts: Iterable[str], size: int, folder: Path, *, fewer: bool = False) -> None:
    """Learns a vocabulary of `size` ids and writes it to a folder, in Hugging Face's format.

    The same texts in the same order give the same files. If they are too few for that size, the vocabulary has `fewer`
    ids; unless that is allowed, `UserError` is raised.
    """
    from tokenizers import Tokenizer, models, trainers

    if size < LEAST_SIZE:
        raise UserError(f"vocab_size {size:,} is too small: control tokens, bytes and ASCII take {LEAST_SIZE}")
    own = size - len(CONTROL) - len(BYTES)
    learner = Tokenizer(models.BPE())
    learner.pre_tokenizer = _splitter()
    trainer = trainers.BpeTrainer(
        vocab_size=own,
        initial_alphabet=list(ALWAYS),
        limit_alphabet=max(len(ALWAYS), min(own, size // _ALPHABET_SHARE)),
        max_token_length=_LONGEST_TOKEN,
        min_frequency=2,
        show_progress=False,
    )
    learner.train_from_iterator(texts, trainer)
    learned = json.loads(learner.to_str())["model"]
    if len(learned["vocab"]) < own and not fewer:
        most = len(learned["vocab"]) + size - own
        raise UserError(
            f"the sample has too little text for {size:,} ids: it gives {most:,}; "
            "ask for at most that many, or sample more"
        )
    _write(learned["vocab"], learned["merges"], folder)


def _splitter() -> Any:
    from tokenizers import Regex, pre_tokenizers

    from corpus.tokenizer.pieces import PATTERN

    return pre_tokenizers.Split(Regex(PATTERN), "isolated")


def _write(vocabulary: dict[str, int], merges: list[Any], folder: Path) -> None:
    """Writes the tokenizer: the learned ids come after control tokens and bytes."""
    from tokenizers import AddedToken, Tokenizer, decoders, models

    ids = {token: i for i, token in enumerate((*CONTROL, *BYTES))}
    ids |= {token: i + len(ids) for token, i in sorted(vocabulary.items(), key=lambda pair: pair[1])}
    pairs = [(merge[0], merge[1]) for merge in merges]
    tokenizer = Tokenizer(models.BPE(ids, pairs, byte_fallback=True, fuse_unk=False))
    tokenizer.pre_tokenizer = _splitter()
    tokenizer.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Fuse()])
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in CONTROL])
    tokenizer.save(str(folder / FILE))
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": END,
        "pad_token": PAD,
        "bos_token": None,
        "unk_token": None,
        "clean_up_tokenization_spaces": False,
        "add_prefix_space": False,
        "chat_template": _CHAT,
        "model_max_length": 1 << 30,
    }
    (folder / SETTINGS).write_text(json.dumps(settings, indent=1, sort_keys=True) + "\n")
