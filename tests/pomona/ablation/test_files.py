"""Studies from files: one line for each mistake, with its place."""

from pathlib import Path

import pytest

from corpus.errors import UserError
from pomona.ablation import files

GOOD = """\
lake: ./lake
model: 1M
tokens: 300K
seeds: [1, 2, 3]
baseline: plain
variants:
  plain: {weights: {books: 1.0}}
  noisy: {weights: {books: 0.5, noise: 0.5}}
held_out: [books]
"""


def test_a_study_of_a_file_is_called_like_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "which text.yaml"
    path.write_text(GOOD + "recipe: recipe.yaml\n")
    (tmp_path / "recipe.yaml").write_text("")
    lake, study = files.read(str(path), at_once=3)
    assert lake == str(tmp_path / "lake")
    assert (study.name, study.at_once, study.model, study.tokens) == ("which-text", 3, ("1M",), (300_000,))
    assert study.seeds == (1, 2, 3)
    assert study.recipe == str(tmp_path / "recipe.yaml")
    monkeypatch.chdir(tmp_path)
    path.write_text(GOOD.replace("[1, 2, 3]", "4").replace("lake: ./lake\n", "").replace("held_out: [books]\n", ""))
    lake, study = files.read(path.name)
    assert (lake, study.seeds, study.measured_on) == (None, (1, 2, 3, 4), ("books",))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("[1, 2, 3]", "[1]", "seeds has one seed: it cannot tell a difference from chance"),
        ("[1, 2, 3]", "[1, 1]", "names a seed twice"),
        ("baseline: plain", "baseline: plane", "baseline 'plane'; did you mean 'plain'"),
        ("  noisy: {weights: {books: 0.5, noise: 0.5}}\n", "", "a comparison needs another one"),
        ("held_out: [books]", "held_out: []", "nothing is measured"),
        ("  noisy:", "  no sy:", "variant 'no sy': a name has letters"),
        ("tokens: 300K", "tokens: [1K, 2K]", "2 numbers for 1 models"),
        ("tokens: 300K", "tokens: some", "tokens"),
        ("model: 1M", "modle: 1M", "line 2.*modle"),
        ("model: 1M", "model: 2M", "unknown model size '2M'"),
        ("held_out: [books]", "suites: [no_such]", "suite 'no_such'"),
        ("held_out: [books]", "recipe: nowhere.yaml", "recipe .*nowhere.yaml: No such file"),
        ("lake: ./lake", "lake: [1]", r"lake is \[1\]; it is a folder"),
        (GOOD, "[]", "does not hold a study"),
    ],
)
def test_mistakes_are_one_line(tmp_path: Path, old: str, new: str, words: str) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(GOOD.replace(old, new))
    with pytest.raises(UserError, match=words) as told:
        files.read(str(path))
    assert "\n" not in str(told.value)


def test_a_file_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot read the study"):
        files.read(str(tmp_path / "none.yaml"))
