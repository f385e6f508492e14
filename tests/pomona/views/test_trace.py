"""Traces against a plain walk over the sequences that a run took."""

import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from corpus.errors import UserError
from corpus.lake import Lake
from pomona.views import trace
from tests.training.runs import settings, start, train
from training import reading, views


@pytest.fixture(scope="module")
def traced(mixed: Lake, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A lake with three runs, each after the one before; the last one is packed by best fit."""
    root = tmp_path_factory.mktemp("traced")
    shutil.copytree(mixed.root, root / "lake")
    lake = Lake(root / "lake")
    train(lake, settings("core", model=str(start(root / "model")), tokens=2560))
    train(lake, settings("next", after="core", mixture="twice", tokens=1024))
    train(lake, settings("last", after="next", mixture="twice", tokens=1024, packing="best_fit", sequence_length=64))
    return lake


def walked(lake: Lake, run: str) -> tuple[Counter[str], dict[str, set[int]]]:
    """Tokens that a run read of each document, and in which steps: slot by slot."""
    row = trace.rows_of_runs(lake)[views.run(lake, run).run]
    stream, packing = trace.opened(lake, row)
    tokens: Counter[str] = Counter()
    steps: dict[str, set[int]] = {}
    for sequence in range(row["sequences"]):
        for first, size in packing.of(sequence).tolist():
            for position in range(first, first + size):
                document = stream.document_at(position).id
                tokens[document] += 1
                steps.setdefault(document, set()).add(sequence // (row["sequences"] // row["steps"]) + 1)
    return tokens, steps


@pytest.mark.parametrize("run", ["core", "next", "last"])
def test_what_a_run_read_of_each_document(traced: Lake, run: str) -> None:
    tokens, steps = walked(traced, run)
    key = views.run(traced, run).run
    for document, n in tokens.items():
        [seen] = [one for one in trace.trace_document(traced, document).runs if one.run == key]
        assert (seen.tokens, seen.first_step, seen.last_step) == (n, min(steps[document]), max(steps[document]))
    link = trace.trace_run(traced, run).history[-1]
    assert link.tokens == sum(tokens.values())
    assert sum(group.documents for group in link.groups) == len(tokens)
    assert link.tokens <= views.run(traced, run).tokens


def test_a_checkpoint_has_its_whole_history(traced: Lake) -> None:
    behind = trace.trace_run(traced, views.run(traced, "last").checkpoint)
    assert [link.name for link in behind.history] == ["core", "next", "last"]
    assert behind.documents == 192
    core, _ = walked(traced, "core")
    inherited = Counter(core)
    inherited.update(walked(traced, "next")[0])
    document = core.most_common(1)[0][0]
    last = [one for one in trace.trace_document(traced, document).runs if one.name == "last"]
    assert last[0].tokens_before == inherited[document]


def test_a_document_that_was_held_out_was_read_by_no_run(traced: Lake) -> None:
    held_out = traced.scan("mixtures").filter(split="held_out").select("id").unique().collect()["id"]
    assert len(held_out) > 2
    for document in held_out:
        view = trace.trace_document(traced, document)
        assert view.runs == []
        assert {row["split"] for row in view.mixtures} == {"held_out"}
    assert all(link.held_out_read_before == 0 for link in trace.trace_run(traced, "last").history)


def test_held_out_documents_that_an_earlier_run_has_read_are_counted(traced: Lake, tmp_path: Path) -> None:
    from corpus.mixture.settings import Mixture
    from pomona import making

    shutil.copytree(traced.root, tmp_path / "lake")
    lake = Lake(tmp_path / "lake")
    list(making.mixture(lake, Mixture(name="half", held_out=0.5), workers=1))
    train(lake, settings("after", after="core", mixture="half", tokens=256))
    core, _ = walked(lake, "core")
    held_out = set(lake.scan("mixtures").filter(mixture="half", split="held_out").collect()["id"])
    assert trace.trace_run(lake, "after").history[-1].held_out_read_before == len(held_out & set(core)) > 0


def test_a_sentence_leads_to_its_document(traced: Lake) -> None:
    example = trace.example(traced, "core")
    if example is not None:
        assert example.document.runs


def test_names_that_are_nothing(traced: Lake) -> None:
    assert trace.is_run(traced, "core")
    assert not trace.is_run(traced, "nothing")
    with pytest.raises(UserError, match="no document has the id or URI 'nothing'"):
        trace.trace_document(traced, "nothing")


def test_tokens_of_documents_add_up(traced: Lake) -> None:
    row = trace.rows_of_runs(traced)[views.run(traced, "core").run]
    stream, packing = trace.opened(traced, row)
    counts = reading.tokens_of_documents(stream, packing, row["sequences"])
    assert sum(int(each.sum()) for each in counts) == row["sequences"] * 32
    assert np.concatenate(counts).max() > 32


@pytest.mark.parametrize("what", ["last", "document"])
def test_a_trace_loads_neither_compilers_nor_models(traced: Lake, what: str) -> None:
    """They take longer to load than a trace takes."""
    named = what if what == "last" else traced.scan("mixtures").filter(split="train").head(1).collect()["id"][0]
    code = (
        f"import sys; from pomona.cli import main; main(['trace', {named!r}, '--lake', {traced.url!r}]); "
        "print([m for m in ('numba', 'pandas', 'torch', 'transformers') if m in sys.modules], file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout
    assert ran.stderr.strip() == "[]"
