"""Cross-entropy with z-loss from hidden states and the output matrix, without ever holding all logits.

At a vocabulary of 49,152 the logits of 4,096 tokens are 805 MB, and the plain way keeps them, their softmax and their
gradient. Here a chunk of tokens goes all the way at once: logits, log-sum-exp, gradient of the logits (in their place),
and its products with the output matrix and the hidden states. So the forward pass leaves finished gradients, and the
backward pass only hands them on. The idea is that of Liger Kernel (Hsu et al. 2024, arXiv:2410.10989, section 3.2).

For a token with logits a, target y and L = log Σ exp(a):

    loss = L - a_y + z L²       d loss / d a_v = (1 + 2 z L) exp(a_v - L) - [v = y]

The z-loss keeps L near 0 (PaLM, arXiv:2204.02311, section 5; AFM's configuration has z = 1e-6).

A teacher may have a share s of the target. With the token t that it finds likeliest (`Top`; AFM, arXiv:2407.21075,
section 3), or with its whole distribution q (`Whole`; Hinton et al. 2015, arXiv:1503.02531, at temperature 1):

    Top      loss = L - (1 - s) a_y - s a_t + z L²                       - (1 - s) [v = y] - s [v = t]
    Whole    loss = (1 - s) (L - a_y) + s KL(q, softmax(a)) + z L²       - (1 - s) [v = y] - s q_v

The right column is what takes the place of - [v = y] in the gradient.

All sums are divided by `total`, the number of targets of the whole step, which the caller counts. So micro-batches and
ranks simply add up.

Shape suffixes: N tokens, C tokens of a chunk, D width of the model, V vocabulary.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from training import kernels
from training.casting import Precision, compute_dtype, copy_of
from training.kernels.softmax import loss_rows

IGNORE = -100  # target of a token without a loss
_CHUNK_BYTES = 96 << 20  # logits held at once: enough rows for fast products, far less than a step's activations


@dataclass(frozen=True, slots=True)
class Parts:
    """Sums over the targets of a batch, detached: 0-dimensional tensors, so that reading them is up to the caller."""

    cross_entropy: Tensor  # nats, of the targets themselves
    z_loss: Tensor  # z L², summed; without a teacher, the loss is (cross_entropy + z_loss) / total
    teacher: Tensor  # nats: cross-entropy of the teacher's tokens, or divergence from it; without one, cross_entropy
    targets: int


@dataclass(frozen=True, slots=True)
class Top:
    """The tokens that a teacher finds likeliest."""

    ids_N: Tensor  # int64; where there is no target, anything
    share: float  # of the target, in [0, 1]

    def at(self, rows: Tensor) -> "Top":
        """Returns those of some tokens."""
        return replace(self, ids_N=self.ids_N[rows])


@dataclass(frozen=True, slots=True)
class Whole:
    """What a teacher finds likely: the softmax of `hidden @ weight.T`."""

    hidden_NE: Tensor  # in the type of its products
    weight_VE: Tensor
    share: float  # of the target, in [0, 1]

    def at(self, rows: Tensor) -> "Whole":
        """Returns that of some tokens."""
        return replace(self, hidden_NE=self.hidden_NE[rows])


def cross_entropy(
    hidden_ND: Tensor,
    weight_VD: Tensor,
    targets_N: Tensor,
    total: int,
    z_loss: float = 1e-6,
    precision: Precision = "float32",
    teacher: Top | Whole | None = None,
) -> tuple[Tensor, Parts]:
    """Returns the sum of the losses over `total`, and its parts; targets of -100 are left out.

    With `precision="bfloat16"` the three products are in bfloat16, and so are the logits between them; log-sum-exp and
    sums are float32. Gradients are those of one backward pass: a second derivative is not there.
    """
    dtype = compute_dtype(weight_VD, precision)
    is_trained = torch.is_grad_enabled() and (hidden_ND.requires_grad or weight_VD.requires_grad)
    kept = _kept(targets_N)
    if kept is not None:
        hidden_ND, targets_N = hidden_ND[kept], targets_N[kept]
        teacher = teacher.at(kept) if teacher is not None else None

    job = _Job(dtype=dtype, scale=1.0 / max(total, 1), z_loss=z_loss, is_trained=is_trained, teacher=teacher)
    loss, sums = _CrossEntropy.apply(hidden_ND, weight_VD, targets_N, job)
    nats, z, of_teacher = sums.unbind()
    return loss, Parts(nats, z, of_teacher, len(targets_N))


@torch.no_grad()
def token_results(
    hidden_ND: Tensor, weight_VD: Tensor, targets_N: Tensor, precision: Precision = "float32"
) -> tuple[Tensor, Tensor]:
    """Returns the cross-entropy of each token in nats (N,), without gradients, and if its target is likeliest (N,).

    Where there is no target, these are 0 and False.
    """
    dtype = compute_dtype(weight_VD, precision)
    weight = copy_of(weight_VD, dtype)
    losses_N = torch.zeros(len(targets_N), dtype=weight_VD.dtype, device=weight_VD.device)
    is_hit_N = torch.zeros(len(targets_N), dtype=torch.bool, device=weight_VD.device)
    for rows, logits_CV in _chunks(hidden_ND.detach().to(dtype), weight):
        targets_C = targets_N[rows]
        log_sum_C = torch.logsumexp(logits_CV.to(losses_N.dtype), dim=1)
        losses_N[rows] = log_sum_C - _at(logits_CV, targets_C.clamp(min=0)).to(losses_N.dtype)
        is_hit_N[rows] = logits_CV.argmax(1) == targets_C
    return losses_N.masked_fill_(targets_N == IGNORE, 0.0), is_hit_N


@torch.no_grad()
def likeliest(hidden_ND: Tensor, weight_VD: Tensor, precision: Precision = "float32") -> Tensor:
    """Returns the id of the largest logit of each token (N,), int64; of equal ones, the same one on every call."""
    dtype = compute_dtype(weight_VD, precision)
    weight = copy_of(weight_VD, dtype)
    ids_N = torch.empty(len(hidden_ND), dtype=torch.int64, device=weight_VD.device)
    for rows, logits_CV in _chunks(hidden_ND.detach().to(dtype), weight):
        torch.argmax(logits_CV, dim=1, out=ids_N[rows])
    return ids_N


@dataclass(frozen=True, slots=True)
class _Job:
    """What a chunk needs to know."""

    dtype: torch.dtype  # of the products
    scale: float  # 1 / total
    z_loss: float
    is_trained: bool
    teacher: Top | Whole | None

    @property
    def share(self) -> float:
        """Share of the target that the teacher has."""
        return self.teacher.share if self.teacher else 0.0


class _CrossEntropy(torch.autograd.Function):
    """Computes the gradients in the forward pass, chunk by chunk."""

    @staticmethod
    def forward(ctx: Any, hidden_ND: Tensor, weight_VD: Tensor, targets_N: Tensor, job: _Job) -> tuple[Tensor, Tensor]:
        weight, hidden = copy_of(weight_VD, job.dtype), hidden_ND.detach().to(job.dtype)
        sums = weight_VD.new_zeros(3)  # nats, z-loss, teacher
        grad_hidden_ND = torch.empty_like(hidden) if job.is_trained else None
        grad_weight_VD = torch.zeros_like(weight_VD) if job.is_trained else None

        for rows, logits_CV in _chunks(hidden, weight):
            sums += _losses_and_gradient(logits_CV, targets_N[rows], rows, job)
            if grad_hidden_ND is not None and grad_weight_VD is not None:
                torch.mm(logits_CV, weight, out=grad_hidden_ND[rows])
                _add_product(grad_weight_VD, logits_CV, hidden[rows])

        ctx.save_for_backward(grad_hidden_ND, grad_weight_VD)
        ctx.hidden_dtype = hidden_ND.dtype
        ctx.mark_non_differentiable(sums)
        nats, z, of_teacher = sums.unbind()
        own = nats if job.teacher is None else (1 - job.share) * nats + job.share * of_teacher
        return (own + z) * job.scale, sums

    @staticmethod
    def backward(ctx: Any, grad: Tensor, *_: Tensor) -> tuple[Tensor | None, Tensor | None, None, None]:
        grad_hidden_ND, grad_weight_VD = ctx.saved_tensors
        needs_hidden, needs_weight = ctx.needs_input_grad[:2]
        if grad.device.type != "cpu" or grad != 1.0:  # mostly this is the loss itself; elsewhere to ask is to wait
            grad_hidden_ND, grad_weight_VD = grad_hidden_ND * grad, grad_weight_VD * grad
        return (
            grad_hidden_ND.to(ctx.hidden_dtype) if needs_hidden else None,
            grad_weight_VD if needs_weight else None,
            None,
            None,
        )


def _losses_and_gradient(logits_CV: Tensor, targets_C: Tensor, rows: slice, job: _Job) -> Tensor:
    """Returns (3,) the summed cross-entropy, z-loss and part of the teacher of a chunk; its logits become their
    gradient, over `total`."""
    if kernels.fits(logits_CV) and not isinstance(job.teacher, Whole):
        return _by_kernel(logits_CV, targets_C, rows, job)
    exact = torch.promote_types(logits_CV.dtype, torch.float32)
    log_sum_C = torch.logsumexp(logits_CV.to(exact), dim=1)
    nats_C = log_sum_C - _at(logits_CV, targets_C).to(exact)

    teacher, taught_C, shares_CV = job.teacher, nats_C, None
    if isinstance(teacher, Top):
        taught_C = log_sum_C - _at(logits_CV, teacher.ids_N[rows]).to(exact)
    elif isinstance(teacher, Whole):
        log_q_CV = torch.log_softmax((teacher.hidden_NE[rows] @ teacher.weight_VE.T).to(exact), dim=1)
        shares_CV = log_q_CV.exp()
        taught_C = (shares_CV * (log_q_CV - logits_CV.to(exact) + log_sum_C[:, None])).sum(1)

    if job.is_trained:
        factor_C = (1 + 2 * job.z_loss * log_sum_C) * job.scale
        gradient_CV = logits_CV.to(exact).sub_(log_sum_C[:, None]).exp_().mul_(factor_C[:, None])
        own = torch.full_like(nats_C, -job.scale * (1 - job.share))[:, None]
        gradient_CV.scatter_add_(1, targets_C[:, None], own)
        if isinstance(teacher, Top):
            others = torch.full_like(nats_C, -job.scale * job.share)[:, None]
            gradient_CV.scatter_add_(1, teacher.ids_N[rows][:, None], others)
        elif shares_CV is not None:
            gradient_CV.sub_(shares_CV, alpha=job.scale * job.share)
        if gradient_CV is not logits_CV:
            logits_CV.copy_(gradient_CV)
    return torch.stack([nats_C.sum(), job.z_loss * log_sum_C.square().sum(), taught_C.sum()])


def _by_kernel(logits_CV: Tensor, targets_C: Tensor, rows: slice, job: _Job) -> Tensor:
    others_C = job.teacher.ids_N[rows] if isinstance(job.teacher, Top) else targets_C
    parts_3C = torch.empty(3, len(targets_C))
    logits, parts = kernels.arrays(logits_CV, parts_3C)
    scale, z_loss, share = np.float32(job.scale), np.float32(job.z_loss), np.float32(job.share)
    loss_rows(logits, targets_C.numpy(), others_C.numpy(), share, scale, z_loss, job.is_trained, parts)
    return parts_3C.sum(1)


def _add_product(sum_VD: Tensor, left_CV: Tensor, right_CD: Tensor) -> None:
    """Adds `left.T @ right`; a sum over chunks is kept in the type of the weights."""
    if sum_VD.dtype == left_CV.dtype:
        sum_VD.addmm_(left_CV.T, right_CD)
    else:
        sum_VD.add_(left_CV.T @ right_CD)


def _chunks(hidden_ND: Tensor, weight_VD: Tensor) -> Iterator[tuple[slice, Tensor]]:
    """Yields rows, and their logits (C, V) in a buffer that the next chunk overwrites."""
    n_tokens, n_words = len(hidden_ND), len(weight_VD)
    rows = max(16, _CHUNK_BYTES // (n_words * hidden_ND.element_size()))
    n_chunks = -(-n_tokens // rows)
    if n_chunks == 0:
        return
    rows = -(-n_tokens // n_chunks)  # equal chunks: no small one at the end
    buffer_CV = hidden_ND.new_empty(rows, n_words)
    for first in range(0, n_tokens, rows):
        chunk = slice(first, min(first + rows, n_tokens))
        logits_CV = buffer_CV[: chunk.stop - first]
        torch.mm(hidden_ND[chunk], weight_VD.T, out=logits_CV)
        yield chunk, logits_CV


def _kept(targets_N: Tensor) -> Tensor | None:
    """Rows that have a target; None if all have."""
    is_kept_N = targets_N != IGNORE
    return None if bool(is_kept_N.all()) else is_kept_N.nonzero()[:, 0]


def _at(logits_CV: Tensor, targets_C: Tensor) -> Tensor:
    return logits_CV.gather(1, targets_C[:, None])[:, 0]
