"""A Hugging Face causal model as a stack of read tokens, whose last ones can be taken off again.

Tokens are read one row at a time, each with its place and with what it sees, so a row may hold the branches of a tree.
For that a model has to take our attention, and its layers have to see all earlier tokens.

Shapes: N tokens of a row, P tokens of the stack, K tokens whose logits are needed, V vocabulary, B rows, S places.
"""

from collections.abc import Sequence
from copy import deepcopy
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from eval_suites.models import attention, last_layer
from eval_suites.models.cache import Stack
from eval_suites.models.prefixes import Crop, Extend, Row


class Network:
    """Reads tokens, and returns the logits of some of them."""

    def __init__(self, model: Any) -> None:
        self.model = model.eval()
        last_layer.spare(model)
        self.device, self.dtype = model.device, model.dtype
        head = model.get_output_embeddings()
        self.vocab_size = int(model.config.get_text_config().vocab_size if head is None else head.weight.shape[0])
        # Whether it was seen to read the branches of a tree rightly; None: it was not tried yet.
        self.reads_trees: bool | None = None if sees_everything(model.config) and attention.use(model) else False
        self._cache: Any = None
        self._depth = 0

    def read(self, step: Extend | Row | Crop) -> Tensor | None:
        """Takes a step of a plan; returns float32 (K, V), or None if no logits are needed."""
        if isinstance(step, Crop):
            self.crop(step.depth)
            return None
        if isinstance(step, Extend):
            return self.extend(step.ids_N, step.wanted.tokens_K)
        return self.row(step)

    @torch.inference_mode()
    def extend(self, ids_N: npt.NDArray[np.int32], tokens_K: npt.NDArray[np.int64]) -> Tensor | None:
        """Reads tokens after those of the stack, and puts them on it."""
        positions_N = np.arange(self._depth, self._depth + len(ids_N))
        logits = self._forward(ids_N, positions_N, None, tokens_K)
        self._depth += len(ids_N)
        return logits if len(tokens_K) else None

    @torch.inference_mode()
    def row(self, row: Row) -> Tensor:
        """Reads branches of a tree; the stack stays as it is."""
        with attention.blocks(self._depth, row.blocks, self.device, self.dtype) as mask:
            logits = self._forward(row.ids_N, row.positions_N, mask, row.wanted.tokens_K)
        self._crop_cache(self._depth)
        return logits

    def crop(self, depth: int) -> None:
        """Takes the end of the stack off, so that `depth` tokens stay."""
        self._crop_cache(depth)
        self._depth = depth

    @torch.inference_mode()
    def batch(self, ids: Sequence[npt.NDArray[np.int32]], wanted: Sequence[npt.NDArray[np.int64]]) -> list[Tensor]:
        """Reads sequences by themselves, and returns for each the logits of some of its tokens."""
        length = max(map(len, ids))
        ids_BS = torch.zeros((len(ids), length), dtype=torch.long)
        mask_BS = torch.zeros((len(ids), length), dtype=torch.long)
        for row, one in enumerate(ids):
            ids_BS[row, : len(one)], mask_BS[row, : len(one)] = torch.from_numpy(one.astype(np.int64)), 1
        every = np.unique(np.concatenate(wanted))
        keep = torch.from_numpy(every).to(self.device)
        arguments = {"logits_to_keep": keep} if self.keeps_logits else {}
        out = self.model(
            input_ids=ids_BS.to(self.device), attention_mask=mask_BS.to(self.device), use_cache=False, **arguments
        )
        logits = out.logits if self.keeps_logits else out.logits[:, keep]
        places = [torch.from_numpy(np.searchsorted(every, one)).to(self.device) for one in wanted]
        return [logits[row][place].float() for row, place in enumerate(places)]

    def rows(self, n: int, capacity: int) -> "Rows":
        """Returns n rows that each begin with the stack, with room for `capacity` tokens."""
        from transformers import DynamicCache

        if isinstance(self._cache, Stack):
            return Rows(self, self._cache.repeated(n, capacity))
        cache = DynamicCache(config=self.model.config)
        if self._cache is not None:
            cache = deepcopy(self._cache)
            cache.batch_repeat_interleave(n)
        return Rows(self, cache)

    def _forward(
        self, ids_N: npt.NDArray[np.int32], positions_N: npt.NDArray[np.int64], mask: Tensor | None,
        tokens_K: npt.NDArray[np.int64],
    ) -> Tensor:  # fmt: skip
        """Reads a row after the stack; the cache then holds both."""
        if self._cache is None:
            self._cache = self._new_cache()
        # No logits at all cannot be asked for: those of one token are dropped.
        keep = torch.from_numpy(tokens_K if len(tokens_K) else np.array([len(ids_N) - 1])).to(self.device)
        arguments = {"logits_to_keep": keep} if self.keeps_logits else {}
        with last_layer.only(keep):
            out = self.model(
                input_ids=torch.from_numpy(ids_N.astype(np.int64))[None].to(self.device),
                position_ids=torch.from_numpy(positions_N)[None].to(self.device),
                attention_mask=mask, past_key_values=self._cache, use_cache=True, **arguments,
            )  # fmt: skip
        logits = out.logits[0] if self.keeps_logits else out.logits[0, keep]
        return logits.float()

    def _new_cache(self) -> Any:
        from transformers import DynamicCache

        if sees_everything(self.model.config):
            return Stack.empty(self.model.config.get_text_config().num_hidden_layers)
        return DynamicCache(config=self.model.config)

    def _crop_cache(self, depth: int) -> None:
        if isinstance(self._cache, Stack):
            self._cache.cut(depth)
        elif depth == 0:
            self._cache = None
        elif depth < self._depth:
            raise ValueError("this model's layers forget what they read: only all of it can be taken off")

    @cached_property
    def keeps_logits(self) -> bool:
        """Whether the model can compute the logits of some tokens only."""
        from inspect import signature

        return "logits_to_keep" in signature(self.model.forward).parameters


class Rows:
    """Several rows that are continued together."""

    def __init__(self, network: Network, cache: Any) -> None:
        self._network, self._cache = network, cache

    @torch.inference_mode()
    def read(self, ids_BS: Tensor, mask_BS: Tensor) -> Tensor:
        """Reads the next tokens of each row; returns float32 (B, V), the logits of the last ones. `mask_BS` is 0 for
        padding, of all tokens so far."""
        network = self._network
        positions_BS = (mask_BS.cumsum(-1) - 1).clamp(min=0)[:, -ids_BS.shape[1] :]
        out = network.model(
            input_ids=ids_BS.to(network.device), attention_mask=mask_BS.to(network.device),
            position_ids=positions_BS.to(network.device), past_key_values=self._cache, use_cache=True,
            **({"logits_to_keep": 1} if network.keeps_logits else {}),
        )  # fmt: skip
        logits: Tensor = out.logits[:, -1].float()
        return logits

    def select(self, rows: list[int]) -> None:
        """Keeps some rows."""
        if isinstance(self._cache, Stack):
            self._cache.select(rows)
        else:
            self._cache.batch_select_indices(torch.tensor(rows, device=self._network.device))


def sees_everything(config: Any) -> bool:
    """Returns whether each layer of a model sees all earlier tokens: no sliding window, no recurrent state."""
    config = config.get_text_config()
    kinds = getattr(config, "layer_types", None)
    if kinds:
        return all(kind == "full_attention" for kind in kinds)
    return not getattr(config, "sliding_window", None)
