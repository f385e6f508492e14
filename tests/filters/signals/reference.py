"""Plain-Python twins of the signals, written from their definitions, one function a family."""

import math
import re
from collections import Counter
from typing import Any

import xxhash

from filters.signals.words import STOP_WORDS
from tests.corpus.text.reference import (
    category,
    is_alpha,
    is_digit,
    is_mark,
    is_punct,
    is_terminal,
    is_upper,
    sentences,
    words,
)
from tests.corpus.text.test_cleaning import POLICY, ascii_lower, without_citations


def share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def lines_of(text: str) -> list[str]:
    lines = text.split("\n")
    return lines[:-1] if lines[-1] == "" else lines


def lengths(text: str) -> dict[str, Any]:
    tokens = words(text)
    plain = [t for t in tokens if not all(map(is_mark, t))]
    inner = text.split("\n")
    return {
        "n_bytes": len(text.encode()),
        "n_characters": len(text),
        "n_words": len(tokens),
        "n_plain_words": len(plain),
        "n_lines": len(lines_of(text)),
        "n_nonblank_lines": sum(bool(line.strip()) for line in inner),
        "n_paragraphs": len([p for p in re.split(r"\n\n+", text.strip("\n")) if p]),
        "n_sentences": sum(sentences(words(line)) for line in inner),
        "mean_word_length": share(sum(map(len, plain)), len(plain)),
    }


def vocabulary(text: str) -> dict[str, Any]:
    tokens = words(text)
    counts = Counter(tokens)
    return {
        "n_stop_words": len(set(STOP_WORDS) & set(tokens)),
        "alpha_word_fraction": share(sum(any(map(is_alpha, t)) for t in tokens), len(tokens)),
        "n_distinct_words": len(counts),
        "distinct_word_fraction": share(len(counts), len(tokens)),
        "word_entropy": -sum(c / len(tokens) * math.log2(c / len(tokens)) for c in counts.values()),
    }


def characters(text: str) -> dict[str, Any]:
    n, tokens = len(text), max(len(words(text)), 1)
    return {
        "alphabetic_fraction": share(sum(map(is_alpha, text)), n),
        "digit_fraction": share(sum(map(is_digit, text)), n),
        "uppercase_fraction": share(sum(map(is_upper, text)), n),
        "whitespace_fraction": share(sum(map(str.isspace, text)), n),
        "punctuation_fraction": share(sum(map(is_punct, text)), n),
        "symbol_fraction": share(sum(category(c)[0] in "SC" and not c.isspace() for c in text), n),
        "non_ascii_fraction": share(sum(not c.isascii() for c in text), n),
        "n_curly_brackets": text.count("{"),
        "hash_to_word_ratio": text.count("#") / tokens,
        "ellipsis_to_word_ratio": (text.count("...") + text.count("…")) / tokens,
    }


def shapes(text: str) -> dict[str, Any]:
    lines, inner = lines_of(text), text.split("\n")
    solid = [line for line in inner if line.strip()]
    return {
        "bullet_line_fraction": share(sum(line.strip().startswith(("•", "-")) for line in lines), len(lines)),
        "ellipsis_line_fraction": share(sum(line.strip().endswith(("...", "…")) for line in lines), len(lines)),
        "terminal_punctuation_line_fraction": share(sum(is_terminal(line[-1]) for line in solid), len(solid)),
        "short_line_fraction": share(sum(len(line) <= 30 for line in solid), len(solid)),
        "newline_to_word_ratio": text.count("\n") / max(len(words(text)), 1),
        "mean_line_length": share(sum(map(len, inner)), len(lines)),
        "max_line_length": max(map(len, inner)),
    }


def duplicates(elements: list[str]) -> tuple[int, int]:
    seen: set[str] = set()
    count = characters = 0
    for element in elements:
        if element in seen:
            count, characters = count + 1, characters + len(element)
        seen.add(element)
    return count, characters


def repetition(text: str) -> dict[str, Any]:
    tokens, n = words(text), max(len(text), 1)
    lines = re.split(r"\n+", text)
    paragraphs = re.split(r"\n{2,}", text.strip())
    solid = [line for line in text.split("\n") if line.strip()]
    found: dict[str, Any] = {}
    for name, elements in (("line", lines), ("paragraph", paragraphs)):
        count, chars = duplicates(elements)
        found[f"duplicate_{name}_fraction"] = count / len(elements)
        found[f"duplicate_{name}_character_fraction"] = chars / n
    for size in (2, 3, 4):
        grams = Counter(tuple(tokens[i : i + size]) for i in range(len(tokens) - size + 1))
        top, count = grams.most_common(1)[0] if grams else ((), 0)
        found[f"top_{size}_gram_character_fraction"] = (len(" ".join(top)) * count) / n
    for size in range(5, 11):
        seen: set[tuple[str, ...]] = set()
        i = chars = 0
        while i < len(tokens) - size + 1:
            gram = tuple(tokens[i : i + size])
            if gram in seen:
                chars, i = chars + len("".join(gram)), i + size
            else:
                seen.add(gram)
                i += 1
        found[f"duplicate_{size}_gram_character_fraction"] = chars / n
    found["duplicate_nonblank_line_character_fraction"] = share(duplicates(solid)[1], len(text.replace("\n", "")))
    return found


def c4(text: str) -> dict[str, Any]:
    solid = kept = count = curly = lorem_shaped = lorem = javascript = policy = 0
    for raw in text.split("\n"):
        line = raw.strip()
        if not line:
            continue
        solid += 1
        low = ascii_lower(line)
        has_lorem, has_js = "lorem ipsum" in low, "javascript" in low
        has_policy = any(phrase in low for phrase in POLICY)
        lorem, javascript, policy = lorem + has_lorem, javascript + has_js, policy + has_policy
        cut = without_citations(line)
        if any(len(word) > 1000 for word in line.split()) or len(line.split()) < 3:
            continue
        if not cut.endswith((".", "?", "!", '"', "'")) or cut.endswith("..."):
            continue
        lorem_shaped += has_lorem
        if has_js:
            continue
        curly += "{" in line
        if has_policy:
            continue
        kept += 1
        start = len(line) - len(cut)
        tokens = words(line)
        while start > 0 and tokens:  # the words of the citation
            start -= len(tokens.pop()) if start else 0
        count += sentences(tokens)
    return {
        "c4_kept_line_fraction": share(kept, solid),
        "c4_sentences": count,
        "c4_curly_bracket_lines": curly,
        "c4_lorem_ipsum_lines": lorem_shaped,
        "lorem_ipsum_lines": lorem,
        "javascript_lines": javascript,
        "policy_lines": policy,
    }


def code(text: str) -> dict[str, Any]:
    solid = [line.strip() for line in text.split("\n") if line.strip()]
    comments = sum(line.startswith(("#", "//", "/*", "*", "--", ";", "%", "<!")) for line in solid)
    alnum = sum(is_alpha(c) or is_digit(c) for c in text)
    return {"alphanumeric_fraction": share(alnum, len(text)), "comment_fraction": share(comments, len(solid))}


def fingerprint(text: str) -> dict[str, Any]:
    low = "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
    normal = " ".join(low.split()).encode()
    return {"text_hash": xxhash.xxh64_hexdigest(normal, 0) + xxhash.xxh64_hexdigest(normal, 1)}


FAMILIES = {
    "lengths": lengths,
    "words": vocabulary,
    "characters": characters,
    "lines": shapes,
    "repetition": repetition,
    "c4": c4,
    "code": code,
    "fingerprint": fingerprint,
}
