"""Answers requests with a model on this machine.

Texts become tokens exactly as in lm-eval's own class for Hugging Face models, so scores are the same: blanks at the end
of a context belong to the continuation, what does not fit is cut on the left, an empty context is the token that begins
a text, and long texts are scored in windows.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from corpus.errors import UserError
from eval_suites.models.generation import Choice, Prompt, texts
from eval_suites.models.likelihood import answers
from eval_suites.models.loading import Loaded
from eval_suites.models.network import Network
from eval_suites.models.prefixes import Query
from eval_suites.models.responses import Request, Response

Tokens = npt.NDArray[np.int32]

_TOKENS = {"cpu": 512, "cuda": 8192}  # of a step
_LOGITS_BYTES = 256 << 20  # of a step's logits at most
_KEPT_BYTES = {"cpu": 1 << 30, "cuda": 8 << 30}  # of keys and values of texts that are written together
_MOST_ROWS = {"cpu": 32, "cuda": 256}
_MOST_WRITTEN = 256  # tokens, unless a task says otherwise


class LocalResponder:
    """A model on this machine."""

    def __init__(self, loaded: Loaded, *, tokens_per_step: int = 0, seed: int = 0) -> None:
        self.network = Network(loaded.model)
        self.tokenizer, self.max_length = loaded.tokenizer, loaded.max_length
        self.seed = seed
        kind = self.network.device.type
        most = _LOGITS_BYTES // (4 * self.network.vocab_size)
        self._budget = tokens_per_step or max(min(_TOKENS.get(kind, 1024), most), 64)
        self._rows, self._kept_bytes = _MOST_ROWS.get(kind, 32), _KEPT_BYTES.get(kind, 1 << 30)
        dtype = str(self.network.dtype).removeprefix("torch.")
        self.key = f"{loaded.fingerprint}-{dtype}-{self.max_length}"
        self.about: dict[str, Any] = {
            "fingerprint": loaded.fingerprint, "dtype": dtype, "max_length": self.max_length, "device": kind,
            "architecture": type(loaded.model).__name__,
            "parameters": sum(one.numel() for one in loaded.model.parameters()),
        }  # fmt: skip

    def respond(self, requests: Sequence[Request]) -> Iterator[tuple[int, Response]]:
        """Yields (number of a request, its answer), as soon as each is known."""
        by_kind: dict[str, list[int]] = defaultdict(list)
        for i, request in enumerate(requests):
            by_kind[request.kind].append(i)
        if several := by_kind["loglikelihood"]:
            yield from self._likelihoods(several, self._pairs([requests[i] for i in several]))
        if several := by_kind["loglikelihood_rolling"]:
            yield from self._rolling(several, [requests[i].context for i in several])
        if several := by_kind["generate_until"]:
            yield from self._generated(several, [requests[i] for i in several])

    @property
    def can_chat(self) -> bool:
        """Whether the tokenizer has a chat template."""
        return bool(getattr(self.tokenizer, "chat_template", None))

    def chat(self, messages: Sequence[Mapping[str, str]], *, continues: bool) -> str:
        """Returns a conversation as the model's prompt, by the tokenizer's template."""
        from jinja2.exceptions import TemplateError

        if not self.can_chat:
            raise UserError("the model's tokenizer has no chat template; score it without one")
        options = {"tokenize": False, "add_generation_prompt": not continues, "continue_final_message": continues}
        try:
            return str(self.tokenizer.apply_chat_template(list(messages), **options))
        except TemplateError:  # as lm-eval: many templates know no system role
            without = [one for one in messages if one["role"] != "system"]
            return str(self.tokenizer.apply_chat_template(without, **options))

    @property
    def _prefix(self) -> int:
        """The token before a text that has no context."""
        bos = self.tokenizer.bos_token_id
        return int(bos if bos is not None else self.tokenizer.eos_token_id)

    def _encoded(self, wanted: Sequence[str], *, special: bool | None = None) -> list[list[int]]:
        """Returns the tokens of each text. A text that begins with the token that begins a text gets no second one."""
        begins = self.tokenizer.decode(self._prefix)
        encoded: list[list[int]] = [[] for _ in wanted]
        plain = [i for i, text in enumerate(wanted) if special is None and not text.startswith(begins)]
        for some, options in (
            (plain, {}),
            (sorted(set(range(len(wanted))) - set(plain)), {"add_special_tokens": bool(special)}),
        ):
            if some:
                ids = self.tokenizer([wanted[i] for i in some], **options)["input_ids"]
                for i, one in zip(some, ids, strict=True):
                    encoded[i] = one
        return encoded

    def _pairs(self, requests: Sequence[Request]) -> list[tuple[list[int], list[int]]]:
        """Returns the tokens of each context and of its continuation."""
        moved = []
        for request in requests:
            context = request.context.rstrip()
            moved.append((context, request.context[len(context) :] + request.continuation))
        contexts = sorted({context for context, _ in moved if context})
        of_context = dict(zip(contexts, self._encoded(contexts), strict=True))
        wholes = sorted({context + continuation for context, continuation in moved if context})
        of_whole = dict(zip(wholes, self._encoded(wholes), strict=True))
        alone = sorted({continuation for context, continuation in moved if not context})
        of_alone = dict(zip(alone, self._encoded(alone, special=False), strict=True))
        pairs = []
        for context, continuation in moved:
            if context:
                first = of_context[context]
                pairs.append((first, of_whole[context + continuation][len(first) :]))
            else:
                pairs.append(self._without_context(of_alone[continuation]))
        return pairs

    def _without_context(self, ids: list[int]) -> tuple[list[int], list[int]]:
        return (ids[:1], ids[1:]) if ids and ids[0] == self._prefix else ([self._prefix], ids)

    def _likelihoods(
        self, numbers: Sequence[int], pairs: Sequence[tuple[list[int], list[int]]]
    ) -> Iterator[tuple[int, Response]]:
        """Yields the answers of pairs of context and continuation."""
        queries, of_query, cut = [], [], []
        for number, (context, continuation) in zip(numbers, pairs, strict=True):
            if not continuation:
                yield number, Response(error="the continuation has no token of its own")
                continue
            every = np.array([*context, *continuation], np.int32)
            kept = every[-(self.max_length + 1) :]
            n = min(len(continuation), len(kept) - 1)
            queries.append(Query(kept[:-1], kept[len(kept) - n :]))
            of_query.append(number)
            cut.append(len(kept) < len(every))
        for i, answer in answers(self.network, queries, self._budget):
            response = Response(answer.log_likelihood, answer.is_greedy, None, len(queries[i].targets), cut[i])
            yield of_query[i], response

    def _rolling(self, numbers: Sequence[int], wanted: Sequence[str]) -> Iterator[tuple[int, Response]]:
        """Yields the likelihoods of whole texts, each in windows that do not overlap."""
        from lm_eval.utils import get_rolling_token_windows, make_disjoint_window

        queries, owners = [], []
        for number, ids in zip(numbers, self._encoded(wanted), strict=True):
            windows = get_rolling_token_windows(
                token_list=ids, prefix_token=self._prefix, max_seq_len=self.max_length, context_len=1
            )
            for context, continuation in map(make_disjoint_window, windows):
                queries.append(
                    Query(np.array([*context, *continuation][:-1], np.int32), np.array(continuation, np.int32))
                )
                owners.append(number)
        left: dict[int, int] = defaultdict(int)
        sizes: dict[int, int] = defaultdict(int)
        sums: dict[int, float] = defaultdict(float)
        for owner, query in zip(owners, queries, strict=True):
            left[owner] += 1
            sizes[owner] += len(query.targets)
        yield from ((number, Response(0.0)) for number in numbers if number not in left)  # an empty text
        for i, answer in answers(self.network, queries, self._budget):
            owner = owners[i]
            sums[owner] += answer.log_likelihood
            left[owner] -= 1
            if not left[owner]:
                yield owner, Response(sums[owner], None, None, sizes[owner])

    def _generated(self, numbers: Sequence[int], requests: Sequence[Request]) -> Iterator[tuple[int, Response]]:
        """Yields texts; requests with the same settings are written together."""
        groups: dict[str, list[int]] = defaultdict(list)
        for i, request in enumerate(requests):
            groups[repr(sorted(request.settings.items()))].append(i)
        for members in groups.values():
            settings = _Generation.of(requests[members[0]].settings, self.tokenizer, self.seed)
            if settings.most >= self.max_length:  # nothing of the prompt would be read
                settings.most = self.about["texts_limited_to"] = self.max_length // 2
            most_read = self.max_length - settings.most
            prompts, cut = [], []
            for i, ids in zip(members, self._encoded([requests[i].context for i in members]), strict=True):
                cut.append(len(ids) > most_read)
                seed = int(requests[i].key[:8], 16)
                kept = np.array(ids[-most_read:] or [self._prefix], np.int32)
                prompts.append(Prompt(kept, settings.most, settings.is_done, seed))
            for place, written in texts(self.network, prompts, settings.choice, self._budget_of_texts(prompts)):
                text = settings.text(written)
                yield numbers[members[place]], Response(None, None, text, len(written), cut[place])

    def _budget_of_texts(self, prompts: Sequence[Prompt]) -> int:
        config = self.network.model.config.get_text_config()
        heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
        size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        per_token = 2 * config.num_hidden_layers * heads * size * self.network.dtype.itemsize
        longest = max(len(one.ids) + one.most for one in prompts)
        return max(min(self._kept_bytes // per_token, self._rows * longest), longest)


class _Generation:
    """The settings of texts that are written together."""

    def __init__(self, most: int, until: list[str], choice: Choice, tokenizer: Any) -> None:
        self.most, self.choice = most, choice
        self._until, self._tokenizer = until, tokenizer
        lengths = [len(tokenizer.encode(one, add_special_tokens=False)) for one in until]
        self._looked_at = max(lengths, default=0) + 2  # a stop sequence may be written with more tokens
        self._ends = {tokenizer.eos_token_id}

    @classmethod
    def of(cls, settings: Mapping[str, Any], tokenizer: Any, seed: int) -> "_Generation":
        """Reads the settings of a request, as lm-eval does."""
        from lm_eval.models.utils import handle_stop_sequences, normalize_gen_kwargs

        known = dict(normalize_gen_kwargs(dict(settings), _MOST_WRITTEN))
        eos = tokenizer.decode(tokenizer.eos_token_id, skip_special_tokens=False)
        until = [one for one in handle_stop_sequences(list(known["until"]), eos=eos) if one]
        choice = Choice()
        if known.get("do_sample") and known.get("temperature", 0.0) > 0:
            choice = Choice(
                float(known["temperature"]), int(known.get("top_k") or 0), float(known.get("top_p") or 1.0), seed
            )
        return cls(int(known["max_gen_toks"]), until, choice, tokenizer)

    def is_done(self, written: list[int]) -> bool:
        """Returns whether the tokens so far end with a stop sequence."""
        if written[-1] in self._ends:
            return True
        if not self._until:
            return False
        tail = self._tokenizer.decode(written[-self._looked_at :])
        return any(one in tail for one in self._until)

    def text(self, written: list[int]) -> str:
        """Returns what was written before the first stop sequence."""
        text = str(self._tokenizer.decode(written, skip_special_tokens=True))
        for one in self._until:
            text = text.split(one)[0]
        return text
