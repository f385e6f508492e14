"""Mixtures, tokenizers and token shards as text."""

from corpus.mixture.views import MixtureView
from corpus.shards.views import ShardsView
from corpus.tokenizer.views import TokenizerView
from pomona import output


def render(view: MixtureView) -> str:
    """Formats a mixture: a line per group, and what is left out."""
    rows = [
        (g.group, f"{g.weight:.1%}", f"{g.share:.1%}", g.documents, g.tokens, g.documents_taken, g.tokens_taken,
         f"{g.epochs:.2f}", g.held_out_documents)
        for g in view.groups
    ]  # fmt: skip
    headers = ("group", "asked", "share", "documents", "tokens", "taken", "tokens taken", "epochs", "held out")
    estimated = "" if view.tokens_are == "counted" else " (estimated from bytes: the lake has no tokenizer yet)"
    lines = [f"mixture {view.mixture}: {view.tokens:,} tokens{estimated}", output.table(rows, headers)]
    if view.left_out_groups:
        lines.append(
            f"left out: {view.left_out_groups:,} other groups with {view.left_out_documents:,} documents, "
            f"{view.left_out_tokens:,} tokens"
        )
    if view.touched:
        named = ", ".join(f"{n:,} of {benchmark}" for benchmark, n in view.touched.items())
        lines.append(f"its documents touch benchmark items: {named}")
    return "\n".join(lines)


def render_tokenizer(view: TokenizerView) -> str:
    """Formats a tokenizer: bytes per token by source."""
    rows = [
        (f.source, f.tokenizer, f.vocab_size, f.documents, f.bytes, f.tokens, f"{f.bytes_per_token:.2f}")
        for f in view.fits
    ]
    headers = ("source", "of", "ids", "documents", "bytes", "tokens", "bytes per token")
    head = f"tokenizer {view.tokenizer[:8]}: {view.vocab_size:,} ids, {view.bytes_per_token:.2f} bytes per token"
    return f"{head}\n{output.table(rows, headers)}\n{view.folder}"


def render_shards(view: ShardsView) -> str:
    """Formats the token shards of a mixture."""
    return (
        f"{view.mixture}: {view.tokens:,} tokens of {view.documents:,} documents in {view.shards:,} shards; held out: "
        f"{view.held_out_tokens:,} tokens of {view.held_out_documents:,} documents\n{view.folder}"
    )
