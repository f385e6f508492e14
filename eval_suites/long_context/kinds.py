"""Seven kinds of questions about a long text, after RULER.

  single      one number for one name, among sentences that say nothing
  multikey    the same, among numbers for many other names
  multivalue  all numbers of one name
  multiquery  the numbers of several names
  tracking    all variables that have a value, by way of others
  common      the words that occur most often in a list where others occur a few times
  frequent    the three most frequent made-up words, by Zipf's law

An item is the same for all models: its length is counted in bytes, four for a token, and not in tokens of the model. So
models with different tokenizers can be compared item by item.

Source: Hsieh et al. 2024, arXiv:2404.06654, section 3; the sentences are our own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from random import Random

_NOISE = (
    "The road runs along the river for a while.", "Nobody in the village had seen the ship.",
    "There was bread on the table and a lamp by the door.", "Rain fell in the evening and the streets were quiet.",
    "She put the letter away and looked out of the window.", "The garden behind the house has three old trees.",
    "A train went by, and then it was still again.", "He counted the steps on his way up to the roof.",
)  # fmt: skip
_SYLLABLES = (
    "ba",
    "co",
    "di",
    "fu",
    "ga",
    "he",
    "ki",
    "lo",
    "mu",
    "na",
    "pe",
    "ri",
    "so",
    "tu",
    "va",
    "wo",
    "xe",
    "zi",
)
_NUMBERS_OF_NAME, _NAMES = 4, 4  # of multivalue and multiquery
_HOPS = 4
_COMMON, _TIMES_COMMON, _TIMES_OTHER = 10, 30, 3
_ZIPF = 2.0
BYTES_PER_TOKEN = 4


@dataclass(frozen=True, slots=True)
class Item:
    """A question about a long text. A good answer holds all of some strings."""

    kind: str
    prompt: str  # ends where the answer begins
    answers: tuple[str, ...]


def item(kind: str, tokens: int, seed: str) -> Item:
    """Returns an item of about `tokens` tokens, at most. Raises ValueError for fewer than 256."""
    if tokens < 256:
        raise ValueError(f"a long text needs at least 256 tokens; got {tokens}")
    prompt, answers = KINDS[kind](Random(f"{seed} {kind} {tokens}"), tokens * BYTES_PER_TOKEN)
    return Item(kind, prompt, tuple(answers))


def recall(answers: tuple[str, ...] | list[str], written: str) -> float:
    """Returns the share of the strings that a text holds, whatever their case (RULER's metric)."""
    lower = written.lower()
    return sum(one.lower() in lower for one in answers) / len(answers)


Made = tuple[str, list[str]]


def _single(random: Random, n_bytes: int) -> Made:
    name, number = _name(random), _number(random)
    return _hidden(random, n_bytes, [(name, number)], [name], [number])


def _multikey(random: Random, n_bytes: int) -> Made:
    pairs = [(_name(random), _number(random)) for _ in range(max(n_bytes // 400, 4))]
    pairs = list(dict(pairs).items())
    name, number = random.choice(pairs)
    return _hidden(random, n_bytes, pairs, [name], [number])


def _multivalue(random: Random, n_bytes: int) -> Made:
    name = _name(random)
    numbers = _different(random, _number, _NUMBERS_OF_NAME)
    return _hidden(random, n_bytes, [(name, one) for one in numbers], [name], numbers)


def _multiquery(random: Random, n_bytes: int) -> Made:
    names = _different(random, _name, _NAMES)
    numbers = _different(random, _number, _NAMES)
    return _hidden(random, n_bytes, list(zip(names, numbers, strict=True)), names, numbers)


def _hidden(random: Random, n_bytes: int, pairs: list[tuple[str, str]], names: list[str], numbers: list[str]) -> Made:
    """Hides numbers of names in noise, and asks for those of some names."""
    needles = [f"The secret number of {name} is {number}." for name, number in pairs]
    before = "Secret numbers are hidden in the following text. Remember them.\n\n"
    asked = ", ".join(names)
    after = f"\n\nWhat are the secret numbers of {asked} in the text? The secret numbers of {asked} are"
    text = _spread(random, n_bytes - len(before) - len(after), needles)
    return before + text + after, numbers


def _tracking(random: Random, n_bytes: int) -> Made:
    names = _different(random, lambda r: "".join(r.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ", k=5)), 2 * (_HOPS + 1))
    chains = [names[: _HOPS + 1], names[_HOPS + 1 :]]
    values = _different(random, lambda r: str(r.randrange(10_000, 100_000)), len(chains))
    lines: list[list[str]] = [
        [f"VAR {chain[0]} = {value}.", *(f"VAR {b} = VAR {a}." for a, b in pairwise(chain))]
        for chain, value in zip(chains, values, strict=True)
    ]
    # The order within a chain must stay: a variable has a value before another takes it over.
    order = [i for i, chain in enumerate(lines) for _ in chain]
    random.shuffle(order)
    mixed = [lines[i].pop(0) for i in order]
    before = "Variables are assigned in the following text. Remember them.\n\n"
    after = f"\n\nWhich variables have the value {values[0]}? The variables with the value {values[0]} are"
    text = _spread(random, n_bytes - len(before) - len(after), mixed, keep_order=True)
    return before + text + after, chains[0]


def _common(random: Random, n_bytes: int) -> Made:
    before = f"Below is a list of words. {_COMMON} of them occur most often. Remember these.\n\n"
    after = f"\n\nWhich {_COMMON} words occur most often in the list? The {_COMMON} words are:"
    room = n_bytes - len(before) - len(after)
    common = _different(random, _word, _COMMON)
    times = min(_TIMES_COMMON, max(room // 2 // (sum(map(len, common)) + _COMMON), 4))
    words = common * times
    known, left = set(common), room - sum(len(one) + 1 for one in words)
    while left > 30:
        word = _word(random)
        if word not in known:
            known.add(word)
            words += [word] * min(_TIMES_OTHER, times - 1)
            left -= min(_TIMES_OTHER, times - 1) * (len(word) + 1)
    random.shuffle(words)
    return before + " ".join(words) + after, common


def _frequent(random: Random, n_bytes: int) -> Made:
    before = "Below is a text of made-up words. Count how often each of them occurs.\n\n"
    after = "\n\nWhich three words occur most often? The three most frequent words are:"
    room = (n_bytes - len(before) - len(after)) // 7
    kinds = _different(random, lambda r: "".join(r.choices("abcdefghijklmnopqrstuvwxyz", k=6)), 60)
    shares = [1 / rank**_ZIPF for rank in range(1, len(kinds) + 1)]
    words = [word for word, share in zip(kinds, shares, strict=True) for _ in range(int(room * share / sum(shares)))]
    random.shuffle(words)
    return before + " ".join(words) + after, kinds[:3]


KINDS: dict[str, Callable[[Random, int], Made]] = {
    "single": _single, "multikey": _multikey, "multivalue": _multivalue, "multiquery": _multiquery,
    "tracking": _tracking, "common": _common, "frequent": _frequent,
}  # fmt: skip


def _spread(random: Random, n_bytes: int, needles: list[str], *, keep_order: bool = False) -> str:
    """Puts sentences at random places of noise that fills the rest of a length."""
    left = n_bytes - sum(len(one) + 1 for one in needles)
    noise: list[str] = []
    while left > 0:
        sentence = _NOISE[len(noise) % len(_NOISE)]
        left -= len(sentence) + 1
        if left > 0:
            noise.append(sentence)
    places = [random.randrange(len(noise) + 1) for _ in needles]
    if keep_order:
        places.sort()
    at: dict[int, list[str]] = {}
    for place, needle in zip(places, needles, strict=True):
        at.setdefault(place, []).append(needle)
    sentences = [one for i in range(len(noise) + 1) for one in (*at.get(i, ()), *noise[i : i + 1])]
    return " ".join(sentences)


def _different(random: Random, make: Callable[[Random], str], n: int) -> list[str]:
    made: dict[str, None] = {}
    while len(made) < n:
        made.setdefault(make(random))
    return list(made)


def _name(random: Random) -> str:
    return _word(random).capitalize()


def _word(random: Random) -> str:
    return "".join(random.choices(_SYLLABLES, k=random.randrange(3, 5)))


def _number(random: Random) -> str:
    return str(random.randrange(1_000_000, 10_000_000))
