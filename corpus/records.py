"""What a source yields: raw records that may become documents, records that cannot, and records that are passed over.

Every raw record of a source is exactly one of these, so records = documents + rejects + passed over.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Text:
    """A record that is already text."""

    uri: str
    position: str
    text: str
    license: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Page:
    """A record whose main text is still inside HTML."""

    uri: str
    position: str
    html: bytes
    charset: str | None = None  # from the HTTP header
    license: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Passed:
    """Records that are not of the kind that a source is read for."""

    kind: str  # what the records are, e.g. `http:404`
    n: int = 1  # number of records


@dataclass(frozen=True, slots=True)
class Risky:
    """A record that may need much memory or time to read. Its reader learns which record it is before it is built."""

    uri: str
    position: str
    build: "Callable[[], Text | Page | Reject]" = field(repr=False)


@dataclass(frozen=True, slots=True)
class Reject:
    """A record that could not become a document."""

    uri: str
    position: str
    reason: str  # one of `REASONS`
    detail: str = ""  # what was found


REASONS: dict[str, str] = {
    "binary": "The file holds bytes that do not occur in text",
    "corrupt": "The file or archive cannot be read from here on",
    "duplicate_uri": "The same record was read before, under the same address",
    "empty": "No text was left",
    "encoding": "The encoding of the text could not be detected",
    "extraction_crash": "The parser's process died on this page",
    "extraction_error": "The parser refused this page",
    "extraction_memory": "The page needs more memory than the limit",
    "extraction_timeout": "The page took longer than the time limit",
    "forgotten": "It was asked to be forgotten (`pomona forget`)",
    "generated": "A program wrote this file, or minified it",
    "invalid_json": "The line is not a JSON object",
    "link_outside": "The link leaves the folder that was named",
    "missing_column": "The record lacks the column that holds the text",
    "nested_archive": "An archive inside an archive is not opened",
    "not_a_file": "A pipe, a device, or a link to nothing",
    "not_text": "The column that holds the text holds something else",
    "opted_out": "The page's rights signals ask not to use it, and the recipe honors them",
    "too_large": "The record is larger than the limit",
    "truncated": "The record ends before it should",
    "unknown_language": "No programming language is known for this file name",
    "unreadable": "The file or folder could not be opened",
    "unsafe_path": "The archive names a path outside itself",
    "unsupported": "The format is not supported",
    "wrong_length": "The record's length differs from the length in its header",
}
