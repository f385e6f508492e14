"""BLEU-4: by hand, against NLTK's own, and without NLTK's model."""

import warnings
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.errors import UserError
from eval_suites.helm import bleu
from tests.eval_suites.helm import punkt

WORDS = st.lists(st.sampled_from(["the", "cat", "sat", "on", "mat"]), max_size=12)


def test_runs_of_four_words_are_counted() -> None:
    gold = "a b c d e f g h".split()
    assert bleu.of_words(gold, gold) == 1.0
    assert bleu.of_words(gold, "a b c d x f g h i".split()) == pytest.approx(1 / 6)
    assert bleu.of_words(gold, "a b c d".split()) == pytest.approx(2.718281828459045 ** (1 - 8 / 4))
    assert bleu.of_words("a a a a".split(), "a a a a a a".split()) == pytest.approx(1 / 3)
    assert bleu.of_words(gold, "h g f e d c b a".split()) == 0.0
    assert bleu.of_words([], []) == bleu.of_words(gold, []) == bleu.of_words([], gold) == 0.0


@given(WORDS, WORDS)
def test_scores_are_those_of_nltk(gold: list[str], answer: list[str]) -> None:
    from nltk.translate.bleu_score import sentence_bleu

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = sentence_bleu([gold], answer, weights=(0, 0, 0, 1)) if answer else 0.0
    assert bleu.of_words(gold, answer) == pytest.approx(float(expected), abs=1e-12)


def test_words_are_cut_sentence_by_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    punkt.install(tmp_path, monkeypatch)
    bleu.prepare()
    assert bleu.words("Mr. Gray can't swim. He sank.") == ["Mr.", "Gray", "ca", "n't", "swim", ".", "He", "sank", "."]
    assert bleu.bleu_4("The cat sat on the mat.", "The cat sat on the mat.") == 1.0
    assert bleu.bleu_4("", "") == 0.0
    assert bleu.bleu_4("x " * 50_000, "x. " * 50_000) >= 0.0


def test_without_the_model_there_is_no_other_score(monkeypatch: pytest.MonkeyPatch) -> None:
    import nltk

    monkeypatch.setattr(nltk.data, "path", [])
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(UserError, match=r"BLEU-4 needs NLTK's model punkt_tab.*python -m nltk.downloader punkt_tab"):
        bleu.prepare()
