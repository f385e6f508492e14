"""Files that are being written. Their names hold their owner, and files without an owner are deleted.

The name is `.<key>-<token>-<random>.tmp`, in the folder of the part that the file becomes. The token names a run
(corpus.owner).
"""

import time
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from corpus import owner

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

KEEP_SECONDS = 7 * 24 * 3600  # age up to which a temporary is kept if its owner cannot be seen from here
_SUFFIX = ".tmp"


def name(key: str, token: str) -> str:
    """Returns the name of a new temporary of a run. The token has no hyphen."""
    return f".{key}-{token}-{uuid4().hex[:8]}{_SUFFIX}"


def token_of(path: str) -> str:
    """Returns the token in a temporary's name; empty if it has none, as temporaries of older versions."""
    fields = path.rpartition("/")[2].removesuffix(_SUFFIX).rsplit("-", 2)
    return fields[1] if len(fields) == 3 and owner.is_token(fields[1]) else ""


def sweep(fs: "AbstractFileSystem", folders: Iterable[str], token: str = "") -> list[str]:
    """Deletes the temporaries of a run, of ended processes, and those older than `KEEP_SECONDS`; returns their paths.

    Temporaries of another run that is alive, or may be, stay.
    """
    swept = []
    for folder in folders:
        for info in _listed(fs, folder):
            path = info["name"]
            path_token = token_of(path)
            if (token and path_token == token) or owner.is_gone(path_token) or _age(info) > KEEP_SECONDS:
                with suppress(OSError):
                    fs.rm_file(path)
                    swept.append(path)
    return swept


def sweep_below(fs: "AbstractFileSystem", root: str, token: str) -> list[str]:
    """Deletes the temporaries of one run, anywhere below `root`; returns their paths."""
    fs.invalidate_cache()
    swept = [path for path in fs.find(root) if path.endswith(_SUFFIX) and token_of(path) == token]
    for path in swept:
        with suppress(OSError):
            fs.rm_file(path)
    return swept


def modified(info: dict[str, Any]) -> float | None:
    """Returns when a file was last written, in seconds since 1970 by the file system's clock; None if it is unknown."""
    moment = info.get("mtime", info.get("LastModified", info.get("last_modified", info.get("created"))))
    return moment.timestamp() if isinstance(moment, datetime) else moment


def _listed(fs: "AbstractFileSystem", folder: str) -> list[dict[str, Any]]:
    """Returns the file system's entries of the temporaries in a folder; none if the folder does not exist."""
    fs.invalidate_cache(folder)
    try:
        infos = fs.ls(folder, detail=True)
    except FileNotFoundError:
        return []
    names = ((info, info["name"].rpartition("/")[2]) for info in infos)
    return [info for info, name in names if name.startswith(".") and name.endswith(_SUFFIX)]


def _age(info: dict[str, Any]) -> float:
    """Returns the seconds since the file was last written, by this machine's clock: exact enough for days."""
    moment = modified(info)
    return 0.0 if moment is None else time.time() - moment
