"""Training runs and models as text."""

from typing import TYPE_CHECKING, Any

from pomona import output

if TYPE_CHECKING:
    from training.views import Loss, RunView

_GIB = 1 << 30


def render(view: "RunView") -> str:
    """Formats a run."""
    lines = [
        f"run {view.run}  {view.name}",
        f"  {view.parameters + view.embedding_parameters:,} parameters ({view.embedding_parameters:,} of embedding), "
        f"stage {view.what}, mixture {view.mixture}",
        f"  {view.tokens:,} tokens in {view.steps:,} steps, {view.seconds:,.1f} s, {view.tokens_per_second:,.0f} "
        f"tokens/s ({view.device})",
        f"  loss {view.loss:.4f}" + ("" if view.held_out_loss is None else _held_out(view)),
        f"  checkpoint {view.checkpoint}",
    ]
    if view.skipped_steps:
        lines.insert(3, f"  {view.skipped_steps:,} steps were skipped: their gradients were too large or not finite")
    if view.teacher:
        named = view.settings["teacher"]
        lines.insert(2, f"  teacher {named}" + (f" ({view.teacher})" if named != view.teacher else ""))
    if "prune" in view.kind:
        units, keep = view.settings.get("units"), view.settings.get("keep")
        kept = f"{units:,}" if keep is None else f"{keep:.4g} of the"
        lines.insert(2, f"  pruned to {kept} feed-forward units in each block")
    return "\n".join(lines)


def _held_out(view: "RunView") -> str:
    by_group = ", ".join(f"{group} {loss:.4f}" for group, loss in view.held_out.items())
    return f", held out {view.held_out_loss:.4f} nats per token, {view.bits_per_byte:.4f} bits per byte ({by_group})"


def render_table(views: "list[RunView]") -> str:
    """Formats a line per run."""
    if not views:
        return "no run yet; train one: pomona train --mixture NAME --model 1M --tokens 400K"
    rows = [
        (one.run[:8], one.name, one.what, one.mixture, one.parameters + one.embedding_parameters, one.tokens,
         f"{one.loss:.3f}", "" if one.held_out_loss is None else f"{one.held_out_loss:.3f}",
         "" if one.bits_per_byte is None else f"{one.bits_per_byte:.3f}", f"{one.seconds:,.0f}")
        for one in views
    ]  # fmt: skip
    headers = ("run", "name", "stage", "mixture", "parameters", "tokens", "loss", "held out", "bits/byte", "seconds")
    return output.table(rows, headers)


def render_losses(losses: "list[Loss]") -> str:
    """Formats the losses on held-out documents, a line per step."""
    groups = sorted({loss.group for loss in losses if loss.group})
    steps = sorted({loss.step for loss in losses if loss.group})
    of = {(loss.step, loss.group): f"{loss.loss:.4f}" for loss in losses}
    tokens = {loss.step: loss.tokens for loss in losses}
    rows = [
        (step, tokens[step], of.get((step, ""), ""), *(of.get((step, group), "") for group in groups)) for step in steps
    ]
    return output.table(rows, ("step", "tokens", "training", *groups)) if rows else ""


def render_model(value: dict[str, Any]) -> str:
    """Formats the shape of a model."""
    shape, memory = value["shape"], value["memory"]
    lines = [
        f"{value['name']}: {value['parameters']:,} parameters and {value['embedding_parameters']:,} of embedding",
        f"  width {shape['d_model']:,}, {shape['n_layers']} layers, {shape['n_heads']} query and {shape['n_kv_heads']} "
        f"key heads of {shape['head_dim']}, {shape['d_ffn']:,} hidden units, {shape['vocab_size']:,} ids",
        f"  memory for training in float32: {memory['total'] / _GIB:,.2f} GiB (weights {memory['weights'] / _GIB:,.2f},"
        f" gradients {memory['gradients'] / _GIB:,.2f}, optimizer {memory['optimizer'] / _GIB:,.2f}), and activations",
        f"  {value['flops_per_token']:,} FLOPs for a token of a sequence of {value['sequence_length']:,}",
        f"  {value['cache_bytes_per_token']:,} bytes of keys and values for a token, at 16 bits",
    ]
    return "\n".join(lines)
