"""Finds the files that a path of a source holds, and their kind."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from corpus.errors import UserError
from corpus.records import Reject
from corpus.sources import guess_kind, python, source
from corpus.sources.files import File, find, without_scheme


@dataclass(frozen=True, slots=True)
class Listing:
    """What a path of a source holds."""

    kind: str
    files: tuple[File, ...]
    rejects: tuple[Reject, ...] = ()  # links that leave the folder, pipes, links to nothing
    passed: Mapping[str, str] | None = None  # paths that are not read, and their kinds: `file:.png`, `folder:.git`


def find_files(path: str, kind: str | None, *, is_guessed: bool = False) -> Listing:
    """Returns the files at a path. Of a folder or pattern, only the files that the kind takes by their names.

    A file whose own path is given is taken whatever its name is, unless the kind `is_guessed` from another path. For
    kind `text`, all files are taken if none has the name of a text file.
    """
    if kind == "python":
        return Listing(kind, tuple(python.find(path)))
    files, rejects, skipped = find(path)
    if not files and kind is None:
        reasons = ", ".join(sorted({reject.reason for reject in rejects}))
        raise UserError(f"{path} holds no file that can be read ({reasons}); name another path")

    kind = kind or guess_kind(files)
    suffixes = source(kind).SUFFIXES
    local = without_scheme(path)
    is_named = [file.path for file in files] in ([local], [os.path.abspath(os.path.expanduser(local))])
    if is_named and is_guessed and not files[0].matches(suffixes):
        raise UserError(
            f"{path} does not have the name of a {kind} file, as the source's other paths have; "
            "set the --kind of all of them, or use another --source for it"
        )

    if is_named or kind == "code":  # a code tree's other files are refused one by one, with a reason
        return Listing(kind, tuple(files), tuple(rejects), skipped)

    taken = tuple(file for file in files if file.matches(suffixes))
    if kind == "text" and not taken:  # text was requested: README and LICENSE do not have a suffix
        return Listing(kind, tuple(files), tuple(rejects), skipped)
    others = {file.path: _kind_of(file) for file in files if not file.matches(suffixes)}
    return Listing(kind, taken, tuple(rejects), skipped | others)


def _kind_of(file: File) -> str:
    """Returns e.g. `file:.png`, or `file:other` for a name without a short, plain suffix."""
    suffix = file.path.rpartition("/")[2].rpartition(".")[2].lower()
    plain = "." in file.path.rpartition("/")[2] and suffix.isascii() and suffix.isalnum() and len(suffix) <= 10
    return f"file:.{suffix}" if plain else "file:other"
