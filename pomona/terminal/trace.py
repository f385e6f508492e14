"""Traces as text."""

from typing import TYPE_CHECKING

from corpus.errors import counted
from pomona import output

if TYPE_CHECKING:
    from pomona.views.trace import CheckpointTrace, DocumentTrace


def render_checkpoint(view: "CheckpointTrace") -> str:
    """Formats what is behind a checkpoint: runs, mixtures, groups, decisions."""
    from training.views import what_of

    lines = [f"checkpoint {view.checkpoint}"]
    for link in view.history:
        what = "teacher, a run" if link.as_teacher else "run"
        did = what_of(link.stage, link.kind)
        lines.append(f"{what} {link.run[:8]} {link.name} ({did}): {link.tokens:,} tokens of mixture {link.mixture}")
        rows = [("", one.group, one.documents, one.tokens) for one in link.groups]
        lines.append(output.table(rows, (" ", "group", "documents", "tokens")))
        if link.held_out_read_before:
            lines.append(f"  {link.held_out_read_before:,} of its held-out documents were read by earlier runs")
    lines += [f"the teacher of {name} is a folder: what it has read is not known" for name in view.unknown_teachers]
    dropped = ", ".join(f"{stage} {n:,}" for stage, n in view.decisions.items()) or "none"
    lines.append(f"documents of the corpus: {view.documents:,}; dropped by stages: {dropped}")
    if view.touched:
        named = ", ".join(f"{n:,} of {benchmark}" for benchmark, n in view.touched.items())
        lines.append(f"benchmark items that the mixtures touch: {named}")
    return "\n".join(lines)


def render_document(view: "DocumentTrace") -> str:
    """Formats what became of a document: decisions, mixtures, runs."""
    kept = {True: "kept", False: f"dropped: {', '.join(view.dropped_by)}", None: "a stage is out of date"}[view.kept]
    lines = [f"{view.uri}", f"  id {view.id}, source {view.source}: {kept}"]
    for row in view.mixtures:
        how = "held out" if row["split"] == "held_out" else f"{row['repeats']} times"
        lines.append(f"  mixture {row['mixture']}, group {row['group']}: {how}, {row['tokens']:,} tokens")
    for seen in view.runs:
        own = f"{seen.tokens:,} tokens in steps {seen.first_step:,} to {seen.last_step:,}" if seen.tokens else "nothing"
        before = f"; {seen.tokens_before:,} tokens by the runs before it" if seen.tokens_before else ""
        lines.append(f"  run {seen.run[:8]} {seen.name} read {own}{before}")
    lines += [f"  {counted(n, 'run')} of a study in {branch} read it" for branch, n in view.studies.items()]
    if not view.runs and not view.studies:
        lines.append("  no run has read it")
    return "\n".join(lines)
