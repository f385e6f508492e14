"""Keys and values of read tokens in buffers that grow by doubling, so that a step copies its own tokens only.

transformers' dynamic cache copies all keys and values at each step. Here they are views of the front of a buffer, and
taking the last tokens off is free.

Shapes: B rows, H heads of keys, S tokens, D size of a head.
"""

from typing import Any

import torch
from torch import Tensor
from transformers.cache_utils import Cache, DynamicLayer

_LEAST = 256  # tokens of the first buffer


class Buffered(DynamicLayer):
    """The keys and values of one layer."""

    def __init__(self) -> None:
        super().__init__()
        self._buffers: list[Tensor] = []  # of keys and of values, (B, H, capacity, D)
        self._length = 0

    def update(self, key_states: Tensor, value_states: Tensor, *_: Any, **__: Any) -> tuple[Tensor, Tensor]:
        """Adds tokens (B, H, S, D); returns all keys and values."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        end = self._length + key_states.shape[-2]
        if not self._buffers or self._buffers[0].shape[-2] < end:
            self._grow(end, key_states, value_states)
        for buffer, new in zip(self._buffers, (key_states, value_states), strict=True):
            buffer[:, :, self._length : end] = new
        self.cut(end)
        keys, values = self._buffers
        return keys[:, :, :end], values[:, :, :end]

    def cut(self, length: int) -> None:
        """Keeps the first tokens."""
        self._length = length
        if self._buffers:
            keys, values = self._buffers
            self.keys, self.values = keys[:, :, :length], values[:, :, :length]

    def repeated(self, times: int, capacity: int) -> "Buffered":
        """Returns a layer with the row of this one as many times, and room for more tokens."""
        other = Buffered()
        if self._buffers:
            other.lazy_initialization(*self._buffers)
            for part in (buffer[:, :, : self._length] for buffer in self._buffers):
                buffer = part.new_empty((times, part.shape[1], capacity, part.shape[3]))
                buffer[:, :, : self._length] = part
                other._buffers.append(buffer)
            other.cut(self._length)
        return other

    def select(self, rows: Tensor) -> None:
        """Keeps some rows."""
        self._buffers = [buffer[rows.to(buffer.device)] for buffer in self._buffers]
        self.cut(self._length)

    def get_seq_length(self) -> int:
        """Returns the number of tokens."""
        return self._length

    def _grow(self, end: int, *new: Tensor) -> None:
        old: list[Tensor | None] = [*self._buffers] or [None, None]
        capacity = max(end, 2 * self._length, _LEAST)
        self._buffers = [one.new_empty((*one.shape[:2], capacity, one.shape[3])) for one in new]
        for buffer, before in zip(self._buffers, old, strict=True):
            if before is not None:
                buffer[:, :, : self._length] = before[:, :, : self._length]


class Stack(Cache):
    """The keys and values of all layers."""

    def __init__(self, layers: list[Buffered]) -> None:
        super().__init__(layers=list(layers))
        self._own = layers

    @classmethod
    def empty(cls, n_layers: int) -> "Stack":
        """Returns a stack without tokens."""
        return cls([Buffered() for _ in range(n_layers)])

    def cut(self, length: int) -> None:
        """Keeps the first tokens."""
        for layer in self._own:
            layer.cut(length)

    def repeated(self, times: int, capacity: int) -> "Stack":
        """Returns a stack with the only row of this one as many times, and room for `capacity` tokens."""
        return Stack([layer.repeated(times, capacity) for layer in self._own])

    def select(self, rows: list[int]) -> None:
        """Keeps some rows."""
        for layer in self._own:
            layer.select(torch.tensor(rows))
