"""Our prompts are as many as they should be; files are read back as they were written, or refused in one line."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.errors import UserError
from eval_suites.safety import growth, prompts
from eval_suites.safety.prompts import Prompt
from eval_suites.safety.taxonomy import categories


def test_each_category_has_six_requests_to_decline_and_four_to_answer() -> None:
    for kind, n in (("adversarial", 6), ("overrefusal", 4)):
        counts = Counter(one.category for one in prompts.written(kind))  # type: ignore[arg-type]
        assert counts == dict.fromkeys(categories(), n)


def test_no_two_of_our_prompts_are_near_duplicates() -> None:
    texts = [one.prompt for one in prompts.written("adversarial") + prompts.written("overrefusal")]
    assert len(growth.distinct(texts)) == len(texts) == 120


@given(st.text(min_size=1).filter(str.strip), st.text())
def test_what_was_written_is_read_back(text: str, seed: str) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "p.jsonl"
        rows = [Prompt(text, "hate", "story", seed), Prompt("x", "cyber")]
        assert prompts.write(path, rows) == 2
        assert prompts.read([path]) == rows


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{", "line 2 is not JSON"),
        ("[" * 100_000, "line 2 is not JSON"),
        ('{"prompt": 1' + "0" * 5000 + ', "category": "hate"}', "line 2 is not JSON"),
        ("[1]", "line 2 is not an object with prompt and category"),
        ('{"prompt": 7, "category": "hate"}', "line 2 has no text in 'prompt'"),
        ('{"prompt": " ", "category": "hate"}', "line 2 has no text in 'prompt'"),
        ('{"prompt": "x"}', "line 2 has no text in 'category'"),
        ('{"prompt": "x", "category": "hat"}', "unknown category in .* line 2 'hat'; did you mean 'hate'"),
        ('{"prompt": "x", "category": "hate", "how": ["a"]}', "how and seed must be texts"),
        ('{"prompt": "' + "x" * 20_001 + '", "category": "hate"}', "the prompt has 20,001 characters; at most 20,000"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str, why: str) -> None:
    path = tmp_path / "p.jsonl"
    path.write_text('{"prompt": "x", "category": "hate"}\n' + line + "\n")
    with pytest.raises(UserError, match=why):
        prompts.read([path])


def test_files_without_prompts_or_of_other_bytes_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_text("\n\n")
    with pytest.raises(UserError, match="there are no prompts"):
        prompts.read([tmp_path / "empty.jsonl"])
    (tmp_path / "bytes.jsonl").write_bytes(b"\xff\xfe{")
    with pytest.raises(UserError, match="it is not UTF-8"):
        prompts.read([tmp_path / "bytes.jsonl"])
