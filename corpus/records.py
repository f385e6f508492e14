"""What a source yields: raw records on their way to becoming documents, those that cannot, and those passed over.

Every raw record of a source is exactly one of these, so that records = documents + rejects + passed over.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Text:
    """A record that is text already."""

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
    charset: str | None = None  # as the HTTP header states it
    license: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Passed:
    """Records that are not of the kind that a source is read for; `kind` says what they are, e.g. `http:404`."""

    kind: str
    n: int = 1


@dataclass(frozen=True, slots=True)
class Risky:
    """A record whose reading may need much memory or time: who reads it is told which one it is before it is built."""

    uri: str
    position: str
    build: "Callable[[], Text | Page | Reject]" = field(repr=False)


@dataclass(frozen=True, slots=True)
class Reject:
    """A record that could not become a document: one of `REASONS`, and what was found."""

    uri: str
    position: str
    reason: str
    detail: str = ""


REASONS: dict[str, str] = {
    "binary": "The file holds bytes that no text has",
    "corrupt": "The file or archive cannot be read from here on",
    "duplicate_uri": "The same record was read before, under the same address",
    "empty": "No text was left",
    "encoding": "The bytes are text in no encoding that could be made out",
    "extraction_crash": "The parser's process died on this page",
    "extraction_error": "The parser refused this page",
    "extraction_memory": "The page needs more memory than a page may have",
    "extraction_timeout": "The page took longer than a page may take",
    "generated": "A program wrote this file, or minified it",
    "invalid_json": "The line is no JSON object",
    "link_outside": "The link leaves the folder that was named",
    "missing_column": "The record lacks the column that holds the text",
    "nested_archive": "An archive inside an archive is not opened",
    "not_a_file": "A pipe, a device, or a link to nothing",
    "not_text": "The column that holds the text holds something else",
    "opted_out": "The page's rights signals ask not to be used, and the recipe honors them",
    "too_large": "The record is larger than a record may be",
    "truncated": "The record ends before it should",
    "unknown_language": "No programming language is known for this file name",
    "unreadable": "The file or folder could not be opened",
    "unsafe_path": "The archive names a path outside itself",
    "unsupported": "A format that is not read",
    "wrong_length": "The record's length is not what its header says",
}
