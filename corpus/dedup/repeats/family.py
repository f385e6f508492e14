"""The two families of repeated passages: paragraphs or lines, and runs of words. Each has three stages."""

from dataclasses import replace

from corpus.dedup.repeats.settings import Paragraphs, Repeats, Substrings
from corpus.dedup.settings import DEDUP
from corpus.family import Cost, Entry, Family


def _family(
    name: str, doc: str, settings: type[Repeats], cost: Cost, shares: tuple[float, ...], cuts: str, reason: str
) -> Family:
    functions = ((f"{name}:passages", "passages"), (f"{name}:repeats", "repeats"), (name, "cuts"))
    return Family(
        name=name,
        room=__package__,
        doc=doc,
        settings=settings,
        within=DEDUP,
        stages=tuple(
            Entry(stage, function, replace(cost, share=share))
            for (stage, function), share in zip(functions, shares, strict=True)
        ),
        decides=True,
        cuts=cuts,
        reasons={f"{name}.min_words_left": reason},
    )


PARAGRAPHS = _family(
    "paragraphs",
    "Cut paragraphs or lines that other documents also hold; null turns it off",
    Paragraphs,
    Cost(work="paragraphs", mb_per_second=60.0, held_per_byte=6.0, held_per_longest=22.0, sized_to_memory=True),
    (0.5, 0.2, 0.3),
    "Repeated passages that were cut",
    "It had too few words left after paragraphs that other documents also hold were cut",
)
SUBSTRINGS = _family(
    "substrings",
    "Cut runs of words that the corpus also holds elsewhere; null turns it off",
    Substrings,
    Cost(work="substrings", mb_per_second=10.0, held_per_byte=5.0, held_per_longest=44.0, sized_to_memory=True),
    (0.4, 0.4, 0.2),
    "Repeated runs of words that were cut",
    "It had too few words left after runs of words that the corpus also holds elsewhere were cut",
)
