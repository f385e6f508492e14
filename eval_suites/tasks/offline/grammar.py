"""Minimal pairs of English: two sentences that differ in one word, of which one is grammatical.

In the manner of BLiMP (Warstadt et al. 2020, TACL 8:377), with words and patterns of our own.
"""

from collections.abc import Callable
from random import Random

Pair = tuple[str, str]  # right, wrong

_SINGULAR = (
    "dog",
    "teacher",
    "boy",
    "girl",
    "farmer",
    "bird",
    "engineer",
    "child",
    "student",
    "doctor",
    "neighbor",
    "cat",
)
_PLURAL = ("dogs", "teachers", "boys", "girls", "farmers", "birds", "engineers", "children", "students", "doctors",
           "neighbors", "cats")  # fmt: skip
_VERBS = (
    ("walks", "walk"),
    ("sleeps", "sleep"),
    ("sings", "sing"),
    ("waits", "wait"),
    ("works", "work"),
    ("laughs", "laugh"),
)
_PLACES = ("in the garden", "near the river", "behind the house", "at the station", "on the hill")
_ADJECTIVES = ("old", "young", "tall", "tired", "happy", "quiet")
_PAST = (
    ("saw", "seen"),
    ("ate", "eaten"),
    ("wrote", "written"),
    ("took", "taken"),
    ("broke", "broken"),
    ("drew", "drawn"),
)
_THINGS = ("the letter", "the cake", "the picture", "the window", "the book", "the map")


def agreement(random: Random) -> Pair:
    """The verb agrees with its subject."""
    singular, plural = random.choice(_VERBS)
    noun, is_plural = _noun(random)
    right, wrong = (plural, singular) if is_plural else (singular, plural)
    place = random.choice(_PLACES)
    return f"The {noun} {right} {place}.", f"The {noun} {wrong} {place}."


def agreement_at_a_distance(random: Random) -> Pair:
    """The verb agrees with its subject, though a noun of another number stands between them."""
    singular, plural = random.choice(_VERBS)
    i, j = random.sample(range(len(_SINGULAR)), 2)
    if random.random() < 0.5:
        return (f"The {_SINGULAR[i]} near the {_PLURAL[j]} {singular} every day.",
                f"The {_SINGULAR[i]} near the {_PLURAL[j]} {plural} every day.")  # fmt: skip
    return (f"The {_PLURAL[i]} near the {_SINGULAR[j]} {plural} every day.",
            f"The {_PLURAL[i]} near the {_SINGULAR[j]} {singular} every day.")  # fmt: skip


def to_be(random: Random) -> Pair:
    """A form of to be agrees with its subject."""
    noun, is_plural = _noun(random)
    forms = random.choice([("is", "are"), ("was", "were")])
    adjective = random.choice(_ADJECTIVES)
    right, wrong = (forms[1], forms[0]) if is_plural else forms
    return f"The {noun} {right} very {adjective}.", f"The {noun} {wrong} very {adjective}."


def demonstratives(random: Random) -> Pair:
    """This and these agree with their noun."""
    i = random.randrange(len(_SINGULAR))
    name = random.choice(("Anna", "Peter", "Maria", "Tom"))
    verb = random.choice(("knows", "likes", "helped", "called"))
    near, far = random.choice([("this", "these"), ("that", "those")])
    if random.random() < 0.5:
        return f"{name} {verb} {near} {_SINGULAR[i]}.", f"{name} {verb} {near} {_PLURAL[i]}."
    return f"{name} {verb} {far} {_PLURAL[i]}.", f"{name} {verb} {far} {_SINGULAR[i]}."


def reflexives(random: Random) -> Pair:
    """A reflexive agrees with its subject."""
    verb = random.choice(("hurt", "saw", "helped", "dressed", "blamed"))
    subject, right, wrong = random.choice(
        [("The boy", "himself", "herself"), ("The girl", "herself", "himself"), ("The boys", "themselves", "himself"),
         ("My sister", "herself", "himself"), ("The king", "himself", "herself"), ("They", "themselves", "himself")]
    )  # fmt: skip
    place = random.choice(_PLACES)
    return f"{subject} {verb} {right} {place}.", f"{subject} {verb} {wrong} {place}."


def participles(random: Random) -> Pair:
    """After have stands a participle, alone the past."""
    past, participle = random.choice(_PAST)
    noun, is_plural = _noun(random)
    thing = random.choice(_THINGS)
    if random.random() < 0.5:
        have = "have" if is_plural else "has"
        return f"The {noun} {have} {participle} {thing}.", f"The {noun} {have} {past} {thing}."
    return f"Yesterday the {noun} {past} {thing}.", f"Yesterday the {noun} {participle} {thing}."


def pronoun_case(random: Random) -> Pair:
    """Pronouns have other forms as subject and as object."""
    subject, other = random.choice([("he", "him"), ("she", "her"), ("they", "them"), ("we", "us")])
    noun, _ = _noun(random)
    verb = random.choice(("saw", "called", "helped", "followed", "thanked"))
    if random.random() < 0.5:
        return f"Yesterday {subject} {verb} the {noun}.", f"Yesterday {other} {verb} the {noun}."
    return f"The {noun} {verb} {other} yesterday.", f"The {noun} {verb} {subject} yesterday."


def infinitives(random: Random) -> Pair:
    """After to and after a modal verb stands the plain form."""
    noun, _ = _noun(random)
    plain, past = random.choice([("open", "opened"), ("close", "closed"), ("paint", "painted"), ("clean", "cleaned")])
    thing = random.choice(("door", "window", "box", "gate"))
    before = random.choice(("wanted to", "tried to", "could", "must", "did not"))
    return f"The {noun} {before} {plain} the {thing}.", f"The {noun} {before} {past} the {thing}."


def articles(random: Random) -> Pair:
    """An stands before a vowel, a before a consonant."""
    vowel = random.choice(("apple", "egg", "orange", "island", "engine", "answer", "umbrella"))
    consonant = random.choice(("table", "house", "dog", "book", "car", "letter", "river"))
    name = random.choice(("He", "She"))
    verb = random.choice(("found", "saw", "wanted", "described"))
    if random.random() < 0.5:
        return f"{name} {verb} an {vowel}.", f"{name} {verb} a {vowel}."
    return f"{name} {verb} a {consonant}.", f"{name} {verb} an {consonant}."


def word_order(random: Random) -> Pair:
    """An adjective stands before its noun, a determiner before both."""
    noun, _ = _noun(random)
    adjective, place = random.choice(_ADJECTIVES), random.choice(_PLACES)
    verb = random.choice(("stood", "sat", "slept", "waited"))
    return f"The {adjective} {noun} {verb} {place}.", f"The {noun} {adjective} {verb} {place}."


PARADIGMS: tuple[Callable[[Random], Pair], ...] = (
    agreement, agreement_at_a_distance, to_be, demonstratives, reflexives, participles, pronoun_case, infinitives,
    articles, word_order,
)  # fmt: skip


def _noun(random: Random) -> tuple[str, bool]:
    """Returns (a noun, whether it is plural)."""
    is_plural = random.random() < 0.5
    return random.choice(_PLURAL if is_plural else _SINGULAR), is_plural
