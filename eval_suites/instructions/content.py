"""Placeholders and postscripts (IFEval's group `detectable_content`)."""

import re


def has_placeholders(response: str, *, num_placeholders: int) -> bool:
    """Returns whether a response has enough placeholders: brackets that open and close on one line, even empty ones."""
    return sum(map(_placeholders, response.split("\n"))) >= num_placeholders


def has_postscript(response: str, *, postscript_marker: str) -> bool:
    """Returns whether the marker of a postscript stands anywhere, in any case.

    The two markers of the published data set may have a blank after their periods. The last period is not asked for in
    "P.P.S", and it is in "P.S.".
    """
    marker = postscript_marker.strip()
    text = response.lower()
    if marker == "P.P.S":
        return re.search(r"p\.\s?p\.\s?s", text) is not None
    if marker == "P.S.":
        return re.search(r"p\.\s?s\.", text) is not None
    return marker.lower() in text


def _placeholders(line: str) -> int:
    count = 0
    end = 0
    while (start := line.find("[", end)) >= 0:
        end = line.find("]", start) + 1
        if not end:
            break
        count += 1
    return count
