"""Long items: of the length that was asked for, with answers that a reader can find, and nothing else can be right."""

import re
from collections import Counter

import pytest

from eval_suites.long_context import kinds
from eval_suites.long_context.kinds import BYTES_PER_TOKEN, KINDS, Item, item

LENGTHS = (256, 1024, 4096, 32_768)


@pytest.fixture(scope="module", params=LENGTHS)
def items(request: pytest.FixtureRequest) -> dict[str, list[Item]]:
    return {kind: [item(kind, request.param, f"{i}") for i in range(8)] for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("tokens", LENGTHS)
def test_items_have_their_length_and_are_the_same_every_time(kind: str, tokens: int) -> None:
    made = item(kind, tokens, "seed")
    assert made == item(kind, tokens, "seed")
    assert made != item(kind, tokens, "other")
    n_bytes = len(made.prompt.encode())
    least = 0.85 if kind in ("multikey", "common", "frequent") else 1.0
    sentence = 60
    assert (
        least * tokens * BYTES_PER_TOKEN - sentence
        <= n_bytes
        <= tokens * BYTES_PER_TOKEN + (700 if tokens < 1024 else 0)
    )


def test_hidden_numbers_are_found_by_reading(items: dict[str, list[Item]]) -> None:
    for kind in ("single", "multikey", "multivalue", "multiquery"):
        for one in items[kind]:
            hidden = re.findall(r"The secret number of (\w+) is (\d+)\.", one.prompt)
            names = re.search(r"What are the secret numbers of ([\w, ]+) in the text", one.prompt)[1].split(", ")  # type: ignore[index]
            assert sorted(number for name, number in hidden if name in names) == sorted(one.answers)
            assert one.prompt.endswith(" are")


def test_variables_are_found_by_following_them(items: dict[str, list[Item]]) -> None:
    for one in items["tracking"]:
        values: dict[str, str] = {}
        for name, other, number in re.findall(r"VAR (\w+) = (?:VAR (\w+)|(\d+))\.", one.prompt):
            values[name] = number or values[other]  # a KeyError: taken over before it was given
        wanted = re.search(r"Which variables have the value (\d+)", one.prompt)[1]  # type: ignore[index]
        assert sorted(name for name, value in values.items() if value == wanted) == sorted(one.answers)


def test_frequent_words_are_found_by_counting(items: dict[str, list[Item]]) -> None:
    for kind, n in (("common", 10), ("frequent", 3)):
        for one in items[kind]:
            words = one.prompt.split("\n\n")[1].split(" ")
            counts = Counter(words).most_common()
            assert {word for word, _ in counts[:n]} == set(one.answers)
            assert counts[n - 1][1] > counts[n][1]  # no tie


def test_needles_lie_everywhere() -> None:
    places = []
    for i in range(200):
        prompt = item("single", 1024, f"{i}").prompt
        places.append(prompt.index("The secret number of") / len(prompt))
    assert min(places) < 0.1
    assert max(places) > 0.85
    assert 0.4 < sum(places) / len(places) < 0.6


def test_recall_counts_strings_whatever_their_case() -> None:
    assert kinds.recall(("Abc", "d", "xyz"), "abc and D") == pytest.approx(2 / 3)
    with pytest.raises(ValueError, match="at least 256"):
        item("single", 100, "")
