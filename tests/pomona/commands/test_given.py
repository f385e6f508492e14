"""Options are made of settings: names, types, defaults and errors as typed."""

import json
from pathlib import Path

import pytest

from corpus.errors import UserError
from corpus.settings import Flag, inner_model, is_list, marker
from pomona.cli import main
from pomona.commands.given import Given, options_of
from pomona.recipe import model, section


@pytest.fixture(autouse=True)
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("POMONA_LAKE", str(tmp_path / "lake"))
    rows = [{"text": f"A text of some words, number {i}."} for i in range(4)]
    Path("a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert main(["ingest", "a.jsonl", "--source", "s", "--workers", "1"]) == 0
    capsys.readouterr()


def flags(prefix: str, of: type) -> set[str]:
    found = set()
    for info in of.model_fields.values():  # type: ignore[attr-defined]
        inner, flag = inner_model(info.annotation), marker(info, Flag)
        found |= {flag.name} if flag else set()
        found |= flags(prefix, inner) if inner and not is_list(info.annotation) else set()
    return found


@pytest.mark.parametrize("name", ["sources", "filter", "dedup", "decontaminate"])
def test_every_flag_of_a_section_is_an_option(name: str) -> None:
    assert name in model().model_fields
    assert {option.flag.name for option in options_of(name)} == flags("", section(name)) - {"PATH"}


def test_what_is_not_given_is_left_to_the_settings() -> None:
    assert Given("dedup").settings() == section("dedup")()
    assert Given("dedup", {"minhash": {"ngram": 3}}).settings().minhash.ngram == 3


@pytest.mark.parametrize("assignment", ["minhash.seed=7", "dedup.minhash.seed=7", "minhash={seed: 7}"])
def test_set_reaches_every_other_field(assignment: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dedup", "--set", assignment, "--ngram", "4", "--workers", "1", "--json"]) == 0
    from corpus.lake import Lake

    made = Lake("lake").current("signatures", "signatures")
    assert made is not None
    assert (made.config["seed"], made.config["ngram"]) == (7, 4)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["dedup", "--set", "minhash.sed=7"], "--set minhash.sed: no such field; did you mean 'seed'?"),
        (["dedup", "--set", "minhash.seed=x"], "--set minhash.seed: must be a whole number, got 'x'"),
        (
            ["dedup", "--set", "minhash.seed"],
            "--set takes FIELD=VALUE, e.g. --set minhash.hashes=112; got 'minhash.seed'",
        ),
        (["dedup", "--set", "nosuch=1"], "--set nosuch: no such field; allowed: keep, quality"),
        (["dedup", "--set", "minhash.seed=[1"], "--set minhash.seed"),
        (["dedup", "--set", "minhash=5", "--ngram", "3"], "--ngram: minhash was set to 5"),
        (["dedup", "--set", "minhash.seed=1", "--set", "minhash.seed=2"], "--set minhash.seed is given twice"),
        (["dedup", "--threshold", "0.8", "--set", "minhash.threshold=0.5"], "set the same field; give one of them"),
        (["dedup", "--exact-only", "--set", "minhash={}"], "--set minhash sets what another option or argument sets"),
        (["dedup", "--set", "minhash=3"], "--set minhash: must be a section"),
        (["dedup", "--set", "minhash=null", "--threshold", "0.8"], "--threshold: minhash was set to None"),
        (["dedup", "--set", "minhash.ngram=0"], "--set minhash.ngram: must be 1 or more"),
        (["filter", "--set", "languages=en"], "write --set languages='[en]'"),
        (["ingest", "a.jsonl", "--source", "t", "--set", "name=u"], "--source and --set name set the same field"),
        (["dedup", "--ngram", "0"], "--ngram: must be 1 or more, got 0"),
        (["dedup", "--ngram", "many"], "Invalid value for '--ngram'"),
        (["dedup", "--exact-only", "--threshold", "0.7"], "--exact-only turns near-duplicates off"),
        (["dedup", "--semantic-threshold", "0.9"], "--semantic-threshold requires --semantic, which is not given"),
        (["dedup", "--bands", "3"], "bands and rows"),
        (["filter", "--set", "languages=[xx]"], "--set languages: "),
        (["filter", "--rules", "c5"], "unknown rule set 'c5'"),
        (["decontam"], "--benchmark"),
        (["decontam", "--benchmark", "humaneval", "--policy", "afmm"], "--policy: unknown policy 'afmm'"),
        (
            ["ingest", "a.jsonl", "--source", "t", "--set", "timeout_seconds=0"],
            "--set timeout_seconds: must be above 0",
        ),
        (["ingest", "a.jsonl", "--source", "t", "--clean", "c5"], "--clean: unknown cleaning step 'c5'"),
        (["dedup", "--keep", "quality", "--quality", "nosuch"], "--quality: unknown signal 'nosuch'"),
    ],
    ids=" ".join,
)
def test_a_mistake_names_the_option_as_it_was_typed(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert told in line


def test_lists_are_given_at_once_or_one_by_one(capsys: pytest.CaptureFixture[str]) -> None:
    from corpus.lake import Lake

    assert main(["decontam", "--set", "benchmarks=[humaneval]", "--workers", "1"]) == 0  # one that is required
    for given in (["--rules", "gopher_quality,c4"], ["--rules", "gopher_quality", "--rules", "c4"]):
        assert main(["filter", *given, "--set", "limits.c4.min_sentences=1", "--workers", "1"]) == 0
        made = Lake("lake").current("decisions", "filter")
        assert made is not None
        assert {name.split(".")[0] for name in made.config["rules"]} == {"gopher_quality", "c4"}
        assert made.config["rules"]["c4.min_sentences"] == 1


def test_an_option_of_a_section_that_is_off_turns_it_on() -> None:
    by_flag = {option.flag.name: option for option in options_of("dedup")}
    assert by_flag["--substrings"].as_parameter().annotation.__metadata__[0].help.startswith("Cut runs of words")
    assert by_flag["--cut-sources"].places == ("paragraphs.only", "substrings.only")
    with pytest.raises(UserError, match="keep"):
        Given("dedup", {"keep": "best"}).settings()
