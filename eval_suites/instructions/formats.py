"""The form of a response: bullets, sections, a title, JSON, ... (IFEval's group `detectable_format`)."""

import json
import re

ANSWERS = ("My answer is yes.", "My answer is no.", "My answer is maybe.")
_FENCES = ("```json", "```Json", "```JSON", "```")


def has_bullets(response: str, *, num_bullets: int) -> bool:
    """Returns whether a response has exactly some bullets: lines that begin with * or -.

    As in the published verifier, lines of dashes count, lines that open with ** do not, and the line after a lone * is
    its text.
    """
    lines = [line.lstrip() for line in response.split("\n")]
    stars = 0
    is_text = False  # of the lone asterisk on the line before
    for number, line in enumerate(lines, start=1):
        if is_text:
            is_text = False
        elif line == "*":
            is_text = True
            stars += number < len(lines)
        else:
            stars += line.startswith("*") and not line.startswith("**")
    return stars + sum(line.startswith("-") for line in lines) == num_bullets


def is_one_of_the_answers(response: str) -> bool:
    """Returns whether one of `ANSWERS` stands somewhere in a response, in this very case."""
    return any(answer in response for answer in ANSWERS)


def has_highlights(response: str, *, num_highlights: int) -> bool:
    """Returns whether a response has enough highlights: *some text* or **some text** on one line.

    Both are searched for from left to right without overlap. ***text*** is found by both, and counts twice.
    """
    single = re.finditer(r"\*([^*\n]*)\*", response)
    double = re.finditer(r"\*\*([^*\n]*)\*\*", response)
    return sum(bool(match[1].strip()) for each in (single, double) for match in each) >= num_highlights


def has_sections(response: str, *, section_spliter: str, num_sections: int) -> bool:
    """Returns whether a response has enough headings: a word as "Section" with a number."""
    heading = re.compile(re.escape(section_spliter.strip()) + r"\s?\d+")
    return sum(1 for _ in heading.finditer(response)) >= num_sections


def is_json(response: str) -> bool:
    """Returns whether the whole response is JSON, in a Markdown fence or not. NaN and Infinity count, as in Python."""
    text = response.strip()
    for fence in _FENCES:
        text = text.removeprefix(fence)
    try:
        json.loads(text.removesuffix("```").strip())
    except (ValueError, RecursionError):  # nested too deeply to be read
        return False
    return True


def has_title(response: str) -> bool:
    """Returns whether a line has a title between double angular brackets, from its first << to its last >>."""
    for line in response.split("\n"):
        start, end = line.find("<<"), line.rfind(">>")
        if 0 <= start < end - 2 and line[start:end].lstrip("<").rstrip(">").strip():
            return True
    return False
