"""Files that are being written: their names say whose they are, and what nobody owns any more is swept.

`.<key>-<token>-<random>.tmp`, in the folder of the part that it becomes; the token is a run's (corpus.owner).
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

KEEP_SECONDS = 7 * 24 * 3600  # a temporary of an owner that cannot be seen from here
_SUFFIX = ".tmp"


def name(key: str, token: str) -> str:
    """The name of a new temporary of a run; the token has no hyphen."""
    return f".{key}-{token}-{uuid4().hex[:8]}{_SUFFIX}"


def token_of(path: str) -> str:
    """The token in a temporary's name; empty where it has none, as those that older versions left."""
    fields = path.rpartition("/")[2].removesuffix(_SUFFIX).rsplit("-", 2)
    return fields[1] if len(fields) == 3 and owner.is_token(fields[1]) else ""


def sweep(fs: "AbstractFileSystem", folders: Iterable[str], token: str = "") -> list[str]:
    """Deletes the temporaries of a run, of processes that have ended, and those older than `KEEP_SECONDS`; their paths.

    Those of another run that lives, or may live, stay.
    """
    swept = []
    for folder in folders:
        for info in _listed(fs, folder):
            path = info["name"]
            whose = token_of(path)
            if (token and whose == token) or owner.is_gone(whose) or _age(info) > KEEP_SECONDS:
                with suppress(OSError):
                    fs.rm_file(path)
                    swept.append(path)
    return swept


def sweep_below(fs: "AbstractFileSystem", root: str, token: str) -> list[str]:
    """Deletes what one run left unfinished, wherever below `root`; their paths."""
    fs.invalidate_cache()
    swept = [path for path in fs.find(root) if path.endswith(_SUFFIX) and token_of(path) == token]
    for path in swept:
        with suppress(OSError):
            fs.rm_file(path)
    return swept


def modified(info: dict[str, Any]) -> float | None:
    """When a file was last written, in seconds since 1970 by the file system's clock; None where it does not say."""
    moment = info.get("mtime", info.get("LastModified", info.get("last_modified", info.get("created"))))
    return moment.timestamp() if isinstance(moment, datetime) else moment


def _listed(fs: "AbstractFileSystem", folder: str) -> list[dict[str, Any]]:
    """The temporaries in a folder, with what the file system tells about each; none where there is no folder."""
    fs.invalidate_cache(folder)
    try:
        infos = fs.ls(folder, detail=True)
    except FileNotFoundError:
        return []
    names = ((info, info["name"].rpartition("/")[2]) for info in infos)
    return [info for info, name in names if name.startswith(".") and name.endswith(_SUFFIX)]


def _age(info: dict[str, Any]) -> float:
    """Seconds since the file was last written, by this machine's clock: enough for days."""
    moment = modified(info)
    return 0.0 if moment is None else time.time() - moment
