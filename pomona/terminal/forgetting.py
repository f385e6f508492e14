"""What a request to forget did, as text."""

from typing import TYPE_CHECKING

from corpus.errors import counted

if TYPE_CHECKING:
    from corpus.forgetting.tombstones import Asked
    from pomona.forgetting import Forgot


def render(forgot: "Forgot") -> str:
    """Formats what was removed, what has seen it, and what is left to do."""
    verb = "removed" if forgot.done else "would remove"
    lines = [f"{forgot.kind} {forgot.value}: {verb} {counted(forgot.documents, 'document')}"]
    lines += [f"  {uri}" for uri in forgot.named]
    if forgot.documents > len(forgot.named):
        lines.append(f"  and {forgot.documents - len(forgot.named):,} more")

    if forgot.rows:
        lines.append("rows: " + ", ".join(f"{table} {n:,}" for table, n in forgot.rows.items()))
    lines += [f"mixture {one['mixture']}: {one['tokens']:,} tokens of them" for one in forgot.mixtures]
    lines += [
        f"token shards of {one['mixture']}: {one['occurrences']:,} times, in {one['folder']}" for one in forgot.shards
    ]
    for run in forgot.runs:
        before = f", and {run.tokens_before:,} before it" if run.tokens_before else ""
        read = (
            f"read {run.tokens:,} tokens of them"
            if run.tokens >= 0
            else "may have read them: its token shards are lost"
        )
        lines.append(f"run {run.run[:8]} {run.name} {read}{before}: {run.checkpoint}")

    if forgot.done:
        what = "them" if forgot.documents else f"what has this {forgot.kind}; no document of the lake has it"
        lines.append(f"a later ingest refuses {what}")
        if forgot.files_deleted or forgot.occurrences_erased:
            lines.append(
                f"{forgot.files_deleted:,} files of older versions deleted, {forgot.occurrences_erased:,} occurrences "
                "erased from token shards"
            )
        elif forgot.documents:
            lines.append("older versions of the tables still have them; the same command with --vacuum deletes those")
    return "\n".join(lines)


def render_requests(asked: "list[Asked]") -> str:
    """Formats all requests of a lake."""
    from pomona import output

    rows = [(one.number, one.time, one.kind, one.value, one.documents, one.reason) for one in asked]
    header = ("request", "time", "", "what", "documents", "reason")
    return output.table(rows, header) if rows else "no request to forget yet"
