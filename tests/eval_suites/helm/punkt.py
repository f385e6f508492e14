"""A model of NLTK's sentences that knows three abbreviations, in place of the one that is fetched from the network."""

from pathlib import Path

import pytest


def install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Writes the model, and makes it the only one that NLTK sees."""
    import nltk

    at = folder / "tokenizers" / "punkt_tab" / "english"
    at.mkdir(parents=True)
    (at / "abbrev_types.txt").write_text("mr\ndr\ne.g\n")
    for name in ("collocations.tab", "sent_starters.txt", "ortho_context.tab"):
        (at / name).write_text("")
    monkeypatch.setattr(nltk.data, "path", [str(folder)])
