"""Artifacts: folders of files that no table can hold, such as indexes, tokenizers, shards and checkpoints.

An artifact is the folder `artifacts/<kind>/<key>/` below the lake. Its key is a hash of what it is made from, as with
parts, so two processes that make the same one make the same files. A folder of that name is whole: it is written under
a temporary name, synced and renamed. In a bucket, which has no rename, the list of its files is put last, and a folder
without it does not count (corpus.manifest). A row of the table `artifact_lineage` says which stage made the artifact,
and from what.

A long run saves its state in the folder as it goes (`Draft.save`). After a kill, the same run finds the last state that
it saved (`draft(..., resume=True)`).

Readers get a folder of this machine: the lake's own, or a copy of the bucket's in the user's cache.
"""

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa

from corpus import durable, manifest, owner, schema, temporaries
from corpus.lake import Lake
from corpus.lineage import Lineage

FOLDER = "artifacts"  # below the lake; no table may have this name, since `vacuum` deletes what is in a table's folder
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """What an artifact is, before and after it is made."""

    kind: str  # e.g. decontamination-index, tokenizer, checkpoint
    key: str  # hash of all that its files depend on
    stage: str  # that makes it
    made_from: Mapping[str, Any] = field(default_factory=dict)  # settings and inputs, as JSON values

    def __post_init__(self) -> None:
        for name in (self.kind, self.key):
            if not _NAME.fullmatch(name):
                raise ValueError(f"the name of an artifact has a to z, 0 to 9, _ and -; got {name!r}")

    @property
    def path(self) -> str:
        """Its folder below the lake."""
        return f"{FOLDER}/{self.kind}/{self.key}"


class Draft:
    """An artifact that is being written: its files go below `folder`, on this machine."""

    def __init__(self, lake: Lake, artifact: Artifact, folder: Path) -> None:
        self.folder = folder
        self._lake, self._artifact, self._n_saved = lake, artifact, 0

    def save(self) -> None:
        """Makes the files, as they are now, what a later run finds. Only for a draft with `resume`.

        In a bucket a later run finds all files of one save. On disk it finds each file as it was last written: one that
        changes between saves has to be written under another name and renamed (`corpus.durable.publish`).
        """
        if self._lake.is_local:
            durable.sync_below(str(self.folder))
            return
        place = _unfinished(self._lake, self._artifact)
        manifest.write(self.folder, {})
        manifest.put(self._lake.fs, self.folder, f"{place}/{self._n_saved + 1:08}")
        manifest.remove(self._lake.fs, f"{place}/{self._n_saved:08}")
        self._n_saved += 1

    def fetch(self) -> None:
        """Brings what an earlier run saved in a bucket to this machine."""
        for path in reversed(_listed(self._lake, _unfinished(self._lake, self._artifact))):
            if manifest.read(self._lake.fs, path) is not None:
                self._n_saved = int(PurePosixPath(path).name)
                manifest.get(self._lake.fs, path, self.folder)
                return


def ensure(lake: Lake, artifact: Artifact, write: Callable[[Path], None]) -> None:
    """Makes an artifact that the lake does not have: `write` puts its files into an empty folder."""
    if not has(lake, artifact.kind, artifact.key):
        with draft(lake, artifact) as made:
            write(made.folder)
    else:
        _list(lake, artifact)  # a run may have been killed before it could


@contextmanager
def draft(lake: Lake, artifact: Artifact, *, resume: bool = False) -> Iterator[Draft]:
    """A folder to write the artifact's files to. When the block ends, the artifact is there, whole and listed.

    If the block raises, nothing is there. With `resume`, what was written or saved stays for the next run that makes
    the same artifact. The caller holds the stage's lease, so no two runs write it at once.
    """
    stays = resume and lake.is_local
    folder = _draft_folder(lake, artifact, stays)
    _sweep(folder.parent)
    durable.make_folders(str(folder)) if lake.is_local else folder.mkdir(parents=True)
    made = Draft(lake, artifact, folder)
    try:
        if resume and not lake.is_local:
            made.fetch()
        yield made
        _finish(lake, artifact, folder)
        if resume and not lake.is_local:
            manifest.remove(lake.fs, _unfinished(lake, artifact))
    finally:
        if not stays:
            shutil.rmtree(folder, ignore_errors=True)


def find(lake: Lake, kind: str, key: str) -> Path | None:
    """The folder of a whole artifact on this machine, or None if the lake does not have it.

    A bucket's artifact is fetched once. A local folder that has lost a file, or part of one, does not count.
    """
    artifact = Artifact(kind=kind, key=key, stage="")
    if lake.is_local:
        folder = Path(lake.root, artifact.path)
        return folder if manifest.is_whole(folder) else None

    remote = f"{lake.root}/{artifact.path}"
    listed = manifest.read(lake.fs, remote)
    if listed is None:
        return None
    cached = cache() / kind / key
    if not (manifest.is_whole(cached) and (cached / manifest.NAME).read_text() == listed):
        with scratch(cached) as folder:
            manifest.get(lake.fs, remote, folder)
            _rename(folder, cached, listed)
    return cached


def has(lake: Lake, kind: str, key: str) -> bool:
    """Whether the lake has a whole artifact; fetches nothing."""
    path = f"{lake.root}/{Artifact(kind=kind, key=key, stage='').path}"
    return manifest.is_whole(Path(path)) if lake.is_local else manifest.is_listed(lake.fs, path)


def delete(lake: Lake, kind: str) -> list[str]:
    """Deletes all artifacts of a kind, unfinished ones too, that can be made again; returns their names."""
    place = f"{lake.root}/{FOLDER}/{kind}"
    if not lake.is_local:
        found = _listed(lake, place)
        for path in found:
            manifest.remove(lake.fs, path)
        return [PurePosixPath(path).name for path in found]
    folders = sorted(Path(place).iterdir()) if os.path.isdir(place) else []
    for folder in folders:
        shutil.rmtree(folder)
    return [folder.name for folder in folders]


def sweep(lake: Lake) -> list[str]:
    """Deletes local drafts of processes that have ended, except those that a run may resume; returns their paths."""
    root = Path(lake.root, FOLDER)
    if not lake.is_local or not root.is_dir():
        return []
    return [path for kind in sorted(root.iterdir()) for path in _sweep(kind)]


def _finish(lake: Lake, artifact: Artifact, folder: Path) -> None:
    """Gives the files of a draft their place, and lists the artifact."""
    about = {"kind": artifact.kind, "key": artifact.key, "stage": artifact.stage, "made_from": dict(artifact.made_from)}
    files = manifest.write(folder, about)
    if not files:
        raise RuntimeError(f"{artifact.path}: nothing was written")
    if lake.is_local:
        _rename(folder, Path(lake.root, artifact.path))
    elif not manifest.is_listed(lake.fs, f"{lake.root}/{artifact.path}"):
        manifest.put(lake.fs, folder, f"{lake.root}/{artifact.path}")
    _list(lake, artifact)


def _list(lake: Lake, artifact: Artifact) -> None:
    """Adds the row of an artifact that is there to `artifact_lineage`, unless it has one."""
    table, slot = schema.ARTIFACT_LINEAGE, f"{artifact.kind}/{artifact.key}"
    if lake.current(table.name, slot):
        return
    sizes = manifest.sizes(lake.fs, f"{lake.root}/{artifact.path}")
    row = {
        "kind": artifact.kind,
        "key": artifact.key,
        "path": artifact.path,
        "stage": artifact.stage,
        "made_from": json.dumps(artifact.made_from, sort_keys=True, default=str),
        "files": len(sizes),
        "bytes": sum(sizes.values()),
    }
    with lake.part_writer(table.name, slot, artifact.key, table.schema) as writer:
        writer.write(pa.RecordBatch.from_pylist([row], table.schema))
    lake.commit(table.name, {slot: [artifact.key]}, Lineage(artifact.stage, slot, artifact.key, artifact.made_from))


def _rename(folder: Path, target: Path, listed: str | None = None) -> None:
    """Gives a whole folder its name. A whole one that has it stays, unless it lists other files than `listed`."""
    durable.sync_below(str(folder))
    durable.make_folders(str(target.parent))
    if target.exists() and not _is(target, listed):
        damaged = _temporary(target)
        with suppress(FileNotFoundError):  # another process was faster
            os.rename(target, damaged)
        shutil.rmtree(damaged, ignore_errors=True)
    try:
        os.rename(folder, target)
    except OSError:
        if not _is(target, listed):
            raise
        shutil.rmtree(folder, ignore_errors=True)  # another process was faster, with the same files
    durable.sync_folder(str(target.parent))


def _is(folder: Path, listed: str | None) -> bool:
    """Whether a folder is whole, and is the one that lists these files."""
    return manifest.is_whole(folder) and listed in (None, (folder / manifest.NAME).read_text())


def _listed(lake: Lake, remote: str) -> list[str]:
    """What is directly below a folder of a bucket, sorted."""
    lake.fs.invalidate_cache()
    try:
        return sorted(str(path) for path in lake.fs.ls(remote, detail=False))
    except FileNotFoundError:
        return []


def _unfinished(lake: Lake, artifact: Artifact) -> str:
    """Where a lake has what a draft saved."""
    return f"{lake.root}/{FOLDER}/{artifact.kind}/.{artifact.key}-unfinished"


def _draft_folder(lake: Lake, artifact: Artifact, stays: bool) -> Path:
    """Where a draft's files are written: of a name that the next run knows, if they stay."""
    if stays:
        return Path(_unfinished(lake, artifact))
    return _temporary(Path(lake.root, artifact.path) if lake.is_local else cache() / artifact.kind / artifact.key)


@contextmanager
def scratch(target: Path) -> Iterator[Path]:
    """An empty folder beside a place; it is deleted at the end, unless it was renamed."""
    _sweep(target.parent)
    folder = _temporary(target)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _temporary(target: Path) -> Path:
    return target.with_name(temporaries.name(target.name, owner.new_token()))


def cache() -> Path:
    """Where copies of a bucket's artifacts are on this machine."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pomona" / FOLDER


def _sweep(folder: Path) -> list[str]:
    """Deletes the drafts of dead processes in a folder."""
    dead = [path for path in folder.glob(".*.tmp") if owner.is_gone(temporaries.token_of(str(path)))]
    for path in dead:
        shutil.rmtree(path, ignore_errors=True)
    return [str(path) for path in dead]
