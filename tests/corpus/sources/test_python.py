import pytest

from corpus.errors import UserError
from corpus.records import Text
from corpus.sources import python

OPTIONS = {"max_record_bytes": 32 << 20}


@pytest.mark.parametrize("part", python.PARTS)
def test_every_part_gives_text_under_addresses_without_machine_paths(part: str) -> None:
    files = python.find(part)
    assert len(files) > 10
    texts = [f for file in files[:40] for f in python.read(file, None, OPTIONS) if isinstance(f, Text)]
    assert texts
    assert all(text.uri.startswith(f"python/{part}/") for text in texts)


def test_topics_of_pydoc_are_documents_of_their_own() -> None:
    [file] = [f for f in python.find("docs") if f.path.endswith("pydoc_data/topics.py")]
    topics = {f.uri.rpartition("#")[2]: f.text for f in python.read(file, None, OPTIONS) if isinstance(f, Text)}
    assert "The `for` statement" in topics["for"] or 'The "for" statement' in topics["for"]


def test_an_unknown_part_is_named() -> None:
    with pytest.raises(UserError, match="unknown part of Python 'doc'; did you mean 'docs'"):
        python.find("doc")
