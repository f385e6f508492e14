"""Tells whether two model folders have the same files, without reading all of their gigabytes.

Small files are hashed whole, large ones at pieces spread over them. Another training step changes every weight, so the
pieces differ, too. Times do not count: a copy of a model is the same model.
"""

from hashlib import blake2b
from pathlib import Path

_SUFFIXES = (".json", ".safetensors", ".jinja", ".model", ".txt")
_PIECES, _PIECE_BYTES = 256, 4096


def fingerprint(model: Path) -> str:
    """Returns 32 hex digits for the names, sizes and contents of the files of a model's folder, or of its one file."""
    hashed = blake2b(digest_size=16)
    if model.is_file():
        files = [model]  # its name does not count: a renamed file is the same model
    else:
        files = [file for file in sorted(model.iterdir()) if file.suffix in _SUFFIXES and file.is_file()]
    for file in files:
        size = file.stat().st_size
        hashed.update(f"{file.name if model.is_dir() else ''}\0{size}\0".encode())
        _add_pieces(hashed, file, size)
    return hashed.hexdigest()


def _add_pieces(hashed: blake2b, file: Path, size: int) -> None:
    with open(file, "rb") as opened:
        if size <= _PIECES * _PIECE_BYTES:
            hashed.update(opened.read())
            return
        for i in range(_PIECES):
            opened.seek(i * (size - _PIECE_BYTES) // (_PIECES - 1))
            hashed.update(opened.read(_PIECE_BYTES))
