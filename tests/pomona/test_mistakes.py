"""Usual mistakes of every command: one line on standard error, exit code 2, the option as it was typed."""

import json
from pathlib import Path

import pytest

from pomona.cli import main
from tests.pomona.corpora import PROSE

HERE = ("dedup", "--lake", "lake")
RUN = ("run", "recipe.yaml")
MISTAKES: list[tuple[tuple[str, ...], str, str]] = [
    (("ingest", "a.jsonl", "--source", "a b"), "", "--source: must begin with a letter or digit"),
    (("ingest", "a.jsonl", "--source", "x", "--kind", "pdf"), "", "unknown kind 'pdf'. Allowed: "),
    (("ingest", "a.jsonl", "--source", "x", "--extractor", "fst"), "", "unknown extractor 'fst'; did you mean 'fast'?"),
    (("ingest", "a.jsonl", "--source", "x", "--clean", "c5"), "", "unknown cleaning step"),
    (("ingest", "a.jsonl", "--source", "x", "--text-column", "txt"), "", "--text-column 'txt' is not in any record that was read; did you mean 'text'?"),
    (("ingest", "a.jsonl", "--source", "x", "--metadata", "no"), "", "--metadata 'no' is not in any record"),
    (("ingest", "a.jsonl", "--source", "x", "--memory", "8"), "", "--memory 8 is 8 bytes, too little"),
    (("ingest", "a.jsonl", "--source", "x", "--workers", "0"), "", "--workers"),
    (("ingest", "a.jsonl", "--source", "x", "--executor", "k8s"), "", "unknown executor 'k8s'"),
    (("ingest", "", "--source", "x"), "", "an empty path"),
    (("filter", "--rules", "c4,c4.min_sentences=nan"), "", "c4.min_sentences takes a number of 0 or more, or off; got nan"),
    (("filter", "--rules", "c4,c4.min_sentences=-5"), "", "c4.min_sentences takes a number of 0 or more, or off; got -5.0"),
    (("filter", "--rules", "c4,c4.min_sentences=five"), "", "c4.min_sentences takes a number or off, got 'five'"),
    (("filter", "--rules", "c4,fineweb.max_short_line_fraction=1"), "", "but its rule set is not among c4; add fineweb"),
    (("filter", "--rules", "c4,c4.min_sentence=1"), "", "unknown rule 'c4.min_sentence'; did you mean 'c4.min_sentences'?"),
    (("filter", "--rules", "mine.yaml"), "", "cannot read the rule set mine.yaml: no such file or directory"),
    (("filter", "--rules", "fineweb,fineweb.max_short_line_fraction=67"), "", "takes a share, from 0 to 1, or off; got 67.0"),
    (("filter", "--rules", ""), "", "--rules: must have 1 or more entries, not 0"),
    ((*HERE, "--threshold", "80"), "", "--threshold: must be at most 1.0, got 80.0"),
    ((*HERE, "--bands", "4"), "", "error: bands and rows go together"),
    ((*HERE, "--keep", "best"), "", "--keep: must be one of 'source_order', 'longest', 'first' or 'quality', got 'best'"),
    ((*HERE, "--keep", "quality"), "", "error: `keep` quality and a `quality` signal go together: give both, or neither"),
    (("drop", "b"), "", "unknown source 'b'"),
    (("sql", "select 1", "--lake", "s3:/bucket/x"), "", "s3:/bucket/x has one slash; a URL has two: s3://bucket/x"),
    ((*HERE, "--cut-sources", "web"), "", "--cut-sources"),
    ((*HERE, "--paragraphs", "page"), "", "--paragraphs"),
    (("decontam", "--benchmark", "none.jsonl"), "", "benchmark file none.jsonl does not exist"),
    (("decontam", "--benchmark", "humaneval", "--policy", "strict"), "", "strict"),
    (("decontam", "--benchmark", "humaneval", "--common-documents", "1"), "", "--common-documents: must be 2 or more, got 1"),
    (("contamination", "gsm8k"), "", "name an item of gsm8k, too"),
    (("contamination",), "", "was not decontaminated yet"),
    (("mix", "--name", "m", "--weights", "a=abc"), "", "--weights: 'a' must be a number, got 'abc'"),
    (("mix", "--name", "m", "--weights", "b=1"), "", "--weights: unknown source 'b'. Allowed: a"),
    (("mix", "--name", "m", "--max-epochs", "2000"), "", "--max-epochs: must be at most 1000.0, got 2000.0"),
    (("mixtures", "m"), "", "has no mixture 'm' yet; make it: pomona mix --name m"),
    (("model", "7M"), "", "Allowed: 1M, 3M, 6M, 12M, 26M, 60M, 150M, 400M, 1B, 3B, afm_on_device"),
    (("runs", "r"), "", "unknown run 'r': there is none yet"),
    (("similar", "nothing"), "", "has no signatures yet; run `pomona dedup` first"),
    (("explain", "nothing"), "", "no document or reject has the id or URI 'nothing'"),
    (("sql", "select * form documents"), "", "sql: "),
    (("sql", "select * from read_csv('/etc/passwd')"), "", "--files lets a query read and write files"),
    (("sql", "select * from document"), "", "Did you mean \"documents"),
    (("lake", "document"), "", "did you mean 'documents'"),
    (("report", "--out", "no/r.html"), "", "does not exist; make it first"),
    (("rules", "diff", "c4", "c5"), "", "unknown rule set 'c5'"),
    (RUN, "lake: lake\nsource: []", "recipe.yaml line 2: source: no such field; did you mean 'sources'?"),
    (RUN, "sources: [{name: a}]", "recipe.yaml line 1: sources.0.path: is missing"),
    (RUN, "sources: [{name: a, path: a.jsonl}]\nfilter: {languages: [english]}", "language 'english' is not a code that the detector knows; write ISO 639 codes, as en or de; did you mean 'en'?"),
    (RUN, "sources: [{name: a, path: a.jsonl}]\nfilter: {overrides: [{source: b, rules: [c4]}]}", "unknown source 'b'"),
    (RUN, "sources: [{name: a, path: a.jsonl}]\ndedup: {minhash: {threshold: high}}", "recipe.yaml line 2: dedup.minhash.threshold: must be a number, got 'high'"),
    (RUN, "sources: [{name: a, path: a.jsonl}, {name: a, path: a.jsonl}]", "two entries are called a; names must differ"),
    (RUN, "sources: [{name: a, path: nowhere}]", "nowhere does not exist"),
    (RUN, "", "recipe.yaml does not hold a recipe"),
    (RUN, "sources: [{name: a, path: a.jsonl}]\nfilter: {rules: [c5]}", "recipe.yaml line 2: filter: unknown rule set 'c5'"),
    (("plan", "none.yaml"), "", "cannot read the recipe none.yaml"),
    (RUN, "sources: [{name: a, path: a.jsonl}]\ndecontaminate: {benchmarks: [none.jsonl]}", "none.jsonl does not exist"),
    (("run", "recipe.yaml", "--report", "no/r.html"), "sources: [{name: a, path: a.jsonl}]", "does not exist; make it first"),
]  # fmt: skip


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a lake of one source."""
    folder = tmp_path_factory.mktemp("mistakes")
    (folder / "a.jsonl").write_text("\n".join(json.dumps({"text": f"{i} {PROSE}"}) for i in range(5)))
    assert main(["ingest", str(folder / "a.jsonl"), "--source", "a", "--lake", str(folder / "lake")]) == 0
    return folder


@pytest.mark.parametrize(("arguments", "recipe", "message"), MISTAKES, ids=range(len(MISTAKES)))
def test_a_mistake_is_one_line(
    lake: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...], recipe: str, message: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(lake)
    monkeypatch.setenv("POMONA_LAKE", str(lake / "lake"))
    (lake / "recipe.yaml").write_text(recipe)
    capsys.readouterr()
    assert main(list(arguments)) == 2
    told = capsys.readouterr().err
    assert message in told
    assert told.startswith("error: ")
    assert told.count("\n") == 1
