"""The model against Hugging Face's Qwen3 in float64, and what must not change it: documents, padding, checkpoints."""

import pytest
import torch

from tests.training.models import SMALL, ids, ours, theirs
from training import kernels
from training.model import Transformer
from training.shape import named
from training.weights import to_state_dict

CLOSE = {"rtol": 0.0, "atol": 1e-8}


def hf_gradients(reference: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: p.grad for name, p in reference.named_parameters()}


def our_gradients(model: Transformer) -> dict[str, torch.Tensor]:
    """Gradients under Hugging Face's names: those of a model whose weights are the gradients."""
    twin = Transformer(model.shape).to(model.embedding.dtype)
    with torch.no_grad():
        for mine, other in zip(model.parameters(), twin.parameters(), strict=True):
            other.copy_(mine.grad)
    return to_state_dict(twin)


@pytest.mark.parametrize("checkpoint_activations", [False, True])
def test_logits_and_gradients_are_those_of_qwen3(checkpoint_activations: bool) -> None:
    model = ours(checkpoint_activations=checkpoint_activations)
    reference = theirs(model)
    logits = model(ids()) @ model.output_weight.T
    expected = reference(ids()).logits
    torch.testing.assert_close(logits, expected, **CLOSE)

    weights = torch.randn(logits.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    (logits * weights).sum().backward()
    (expected * weights).sum().backward()
    theirs_by_name, mine_by_name = hf_gradients(reference), our_gradients(model)
    assert theirs_by_name.keys() == mine_by_name.keys()
    for name, gradient in mine_by_name.items():
        torch.testing.assert_close(gradient, theirs_by_name[name], rtol=1e-8, atol=1e-8, msg=name)


def test_positions_are_those_given() -> None:
    model = ours()
    positions = torch.randint(200, ids().shape, generator=torch.Generator().manual_seed(4))
    expected = theirs(model)(ids(), position_ids=positions, attention_mask=None).logits
    torch.testing.assert_close(model(ids(), positions) @ model.output_weight.T, expected, **CLOSE)


def packed() -> tuple[torch.Tensor, torch.Tensor, list[tuple[int, int, int]]]:
    """Documents and positions (B, S) of three rows, and (row, begin, end) of each document."""
    lengths = [[10, 1, 20], [37], [5, 5, 5]]
    documents, positions, spans = torch.full((3, 37), -1, dtype=torch.int32), torch.zeros(3, 37, dtype=torch.long), []
    for row, row_lengths in enumerate(lengths):
        begin = 0
        for number, length in enumerate(row_lengths):
            documents[row, begin : begin + length] = number
            positions[row, begin : begin + length] = torch.arange(length)
            spans.append((row, begin, begin + length))
            begin += length
    return documents, positions, spans


def test_a_packed_document_is_as_if_alone() -> None:
    model, (documents, positions, spans) = ours(), packed()
    together = model(ids(), positions, documents)
    assert torch.isfinite(together).all()
    for row, begin, end in spans:
        alone = model(ids()[row : row + 1, begin:end])
        torch.testing.assert_close(together[row : row + 1, begin:end], alone, **CLOSE)


def test_gradients_of_packed_documents_add_up() -> None:
    model, (documents, positions, spans) = ours(), packed()
    weights = torch.randn(SMALL.d_model, dtype=torch.float64, generator=torch.Generator().manual_seed(5))
    together = model(ids(), positions, documents) @ weights
    sum(together[row, begin:end].sum() for row, begin, end in spans).backward()
    gradients = our_gradients(model)

    model.zero_grad()
    for row, begin, end in spans:
        (model(ids()[row : row + 1, begin:end]) @ weights).sum().backward()
    for name, gradient in our_gradients(model).items():
        torch.testing.assert_close(gradients[name], gradient, rtol=1e-8, atol=1e-8, msg=name)


def test_what_stands_in_padding_changes_nothing() -> None:
    model, (documents, positions, _) = ours(), packed()
    is_padding = documents == -1
    other = torch.where(is_padding, 7, ids())
    before, after = model(ids(), positions, documents), model(other, positions, documents)
    torch.testing.assert_close(before[~is_padding], after[~is_padding], rtol=0, atol=0)
    assert torch.isfinite(after).all()


def test_rows_do_not_see_each_other() -> None:
    model = ours()
    together = model(ids())
    for row in range(3):
        torch.testing.assert_close(together[row], model(ids()[row : row + 1])[0], **CLOSE)


def test_the_future_changes_nothing() -> None:
    model, changed = ours(), ids().clone()
    changed[:, 20:] = 1
    torch.testing.assert_close(model(ids())[:, :20], model(changed)[:, :20], **CLOSE)


def test_bfloat16_concerns_products_only() -> None:
    exact, model = ours(dtype=torch.float32), ours(dtype=torch.float32, precision="bfloat16")
    hidden = model(ids())
    assert hidden.dtype == torch.bfloat16
    assert (hidden.float() - exact(ids())).norm() < 0.02 * hidden.float().norm()
    hidden.float().square().sum().backward()
    assert {p.grad.dtype for p in model.parameters()} == {torch.float32}


def test_bfloat16_copies_follow_the_weights() -> None:
    model = ours(dtype=torch.float32, precision="bfloat16")
    before = model(ids())
    with torch.no_grad():
        model.blocks[0].qkv.mul_(-1.0)
    changed = model(ids())
    assert not torch.equal(before, changed)
    with torch.no_grad():
        model.blocks[0].qkv.mul_(-1.0)
    assert torch.equal(before, model(ids()))


def test_afm_on_device_can_be_counted_without_memory() -> None:
    with torch.device("meta"):
        model = Transformer(named("afm_on_device", 49_152))
    assert sum(p.numel() for p in model.parameters()) == 2_586_744_320 + 150_994_944
    assert {p.device.type for p in model.parameters()} == {"meta"}


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_block_compiles_without_a_break(monkeypatch: pytest.MonkeyPatch, precision: str) -> None:
    """As on a GPU, where there are none of the CPU's kernels; the compiler traces, and PyTorch computes."""
    monkeypatch.setattr(kernels, "_is_on", False)
    plain, compiled = (ours(dtype=torch.float32, precision=precision) for _ in range(2))
    for block in compiled.blocks:
        block.compile(backend="aot_eager", fullgraph=True)
    documents = torch.arange(ids().numel()).view(ids().shape) // 5
    hidden = []
    for model in (plain, compiled):
        hidden.append(model(ids(), None, documents))
        hidden[-1].float().square().sum().backward()
    exactness = {"rtol": 0.0, "atol": 1e-5 if precision == "float32" else 5e-2}
    torch.testing.assert_close(*hidden, **exactness)
    norms = [torch.stack([p.grad.norm() for p in model.parameters()]) for model in (plain, compiled)]
    torch.testing.assert_close(*norms, rtol=1e-4 if precision == "float32" else 5e-2, atol=1e-4)
