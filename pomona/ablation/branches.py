"""Lakes that begin as another one is, and go on by themselves: a study decides, mixes and trains in its branches.

A branch shares the files of tables and artifacts with its lake (hard links), so it costs no disk. Parts and artifacts
are never changed in place, so neither side sees what the other one does. Models, their token shards and scores stay
behind. A branch that was begun and not finished is made again.
"""

import os
import re
import shutil
from pathlib import Path

from corpus import artifacts, durable
from corpus.errors import UserError
from corpus.lake import Lake
from corpus.mixture.family import FAMILY as MIXTURE
from corpus.shards.tables import SHARDS
from eval_suites.order import oldest_first
from pomona import pipeline
from pomona.ablation.tables import ABLATIONS

FOLDER = "branches"  # below a lake
_LOG, _UNFINISHED = "_delta_log", ".unfinished"
_TRIES = 20  # to find a lake that does not change meanwhile
_WHOLE = ".branch"  # a branch that has this file is whole
_USED = ".used"  # in a folder of branches: the name of the study, written whenever it is run
_KINDS = ("tokenizer", "decontamination-index")  # of artifacts that a branch shares


def make(lake: Lake, path: Path) -> Lake:
    """Returns the branch of a lake in a folder, as it was when it was made first. Raises `UserError` for a bucket."""
    if not lake.is_local:
        raise UserError(f"{lake.url} is in a bucket; a study needs a lake on this machine, so copy it here first")
    if (path / _WHOLE).is_file():
        return Lake(path)
    durable.make_folders(str(path.parent))
    for _ in range(_TRIES):
        before = _versions(lake)
        temporary = _shared(lake, path)
        if _versions(lake) == before:
            break
    else:
        raise UserError(f"lake {lake.url} changes all the time; wait for the processes that write it, and try again")
    shutil.rmtree(path, ignore_errors=True)
    os.rename(temporary, path)
    durable.sync_folder(str(path.parent))
    return Lake(path)


def _shared(lake: Lake, path: Path) -> Path:
    """Makes a folder of all that a branch shares with its lake."""
    temporary = path.with_name(f".{path.name}{_UNFINISHED}")
    shutil.rmtree(temporary, ignore_errors=True)
    durable.make_folders(str(temporary))
    left = _left()
    for table in Lake(lake.root).tables(with_records=True):
        if table not in left:
            _share(Path(lake.root, table), temporary / table)
    for kind in _KINDS:
        if (folder := Path(lake.root, artifacts.FOLDER, kind)).is_dir():
            _share(folder, temporary / artifacts.FOLDER / kind)
    (temporary / _WHOLE).write_text("")
    durable.sync_below(str(temporary))
    return temporary


def _left() -> set[str]:
    """Returns the tables that stay behind: those of mixtures, and of all that is made from them."""
    after = pipeline.FAMILIES[pipeline.FAMILIES.index(MIXTURE) :]
    return {"touched", SHARDS.name, *(table.name for family in after for table in family.tables())}


def _versions(lake: Lake) -> dict[str, int | None]:
    now = Lake(lake.root)
    return {table: now.version(table) for table in now.tables(with_records=True)}


def forget_unfinished(lake: Lake) -> None:
    """Deletes branches that were begun and not finished, or half deleted: they hold what a lake may be asked to
    forget."""
    for pattern in (f"*/.*{_UNFINISHED}", f".*{_UNFINISHED}") if lake.is_local else ():
        for path in sorted(Path(lake.root, FOLDER).glob(pattern)):
            shutil.rmtree(path)


def use(lake: Lake, place: str, name: str) -> None:
    """Marks a folder of branches as the one that a study of this name used last. Without the folder, does nothing."""
    if (folder := Path(lake.root, FOLDER, place)).is_dir():
        (folder / _USED).write_text(name)


def branches(lake: Lake, place: str = "*") -> list[Lake]:
    """Returns the branches of a lake, of all studies or in one folder."""
    if not lake.is_local:
        return []
    return [Lake(path.parent) for path in sorted(Path(lake.root, FOLDER).glob(f"{place}/*/{_WHOLE}"))]


def has_study(lake: Lake, name: str) -> bool:
    """Returns whether a study of this name has branches."""
    return any(path.read_text() == name for path in Path(lake.root, FOLDER).glob(f"*/{_USED}"))


def of_run(lake: Lake, name: str) -> Lake | None:
    """Returns the branch that has a run of this name or id, the one that was made last if several have."""
    found = []
    for branch in branches(lake):
        rows = branch.scan("runs").select("run", "name").collect().rows() if branch.exists("runs") else []
        if any(name in row for row in rows):
            found.append((Path(branch.root, _WHOLE).stat().st_mtime, branch))
    return max(found, key=lambda one: one[0])[1] if found else None


def superseded(lake: Lake) -> list[Path]:
    """Returns the folders of branches of earlier forms of a study: of each name, the folder that was used last and the
    one of the newest form that has ended stay."""
    if not lake.is_local or not lake.exists(ABLATIONS.name):
        return []
    rows = lake.scan(ABLATIONS.name).select("study", "name", "branch").collect()
    of = {study: (name, branch) for study, name, branch in rows.iter_rows()}
    newest = dict(of[study] for study in oldest_first(lake, ABLATIONS.name, "study") if study in of)
    kept = {branch.rpartition("/")[2] for branch in newest.values()}

    marked = [path for path in Path(lake.root, FOLDER).glob(f"*/{_USED}") if _is_ours(path.parent)]
    marked.sort(key=lambda path: path.stat().st_mtime_ns)
    kept |= {path.parent.name for path in {path.read_text(): path for path in marked}.values()}
    ended = {branch.rpartition("/")[2] for _, branch in of.values()}
    return [path.parent for path in marked if path.parent.name in ended - kept]


def _is_ours(folder: Path) -> bool:
    """Returns whether a folder was made by a study: what is elsewhere, a link or called otherwise stays."""
    return not folder.is_symlink() and folder.is_dir() and re.fullmatch(r"[0-9a-f]{32}", folder.name) is not None


def sweep(lake: Lake) -> list[str]:
    """Deletes superseded branches; returns the paths of their files below the lake. No other process may write the
    lake meanwhile."""
    deleted = []
    for folder in superseded(lake):
        deleted += [str(path.relative_to(lake.root)) for path in sorted(folder.rglob("*")) if path.is_file()]
        delete(folder)
    forget_unfinished(lake)  # what was half deleted before
    return deleted


def delete(folder: Path) -> None:
    """Deletes a folder of branches. First it goes out of sight: half a branch would count as whole."""
    hidden = folder.with_name(f".{folder.name}{_UNFINISHED}")
    os.rename(folder, hidden)
    durable.sync_folder(str(folder.parent))
    shutil.rmtree(hidden)


def _share(source: Path, target: Path) -> None:
    """Makes a folder with the same files: data by hard links, logs as copies, unfinished files not at all."""
    for folder, inner, names in os.walk(source):
        # The log first: a part that it names is there, but not each part is in a log that was read before.
        inner[:] = sorted((name for name in inner if not name.startswith(".")), key=lambda name: name != _LOG)
        there = target / Path(folder).relative_to(source)
        there.mkdir(parents=True, exist_ok=True)
        is_log = _LOG in there.parts
        for name in names:
            if name.startswith("."):
                continue
            if is_log:
                shutil.copy2(Path(folder, name), there / name)
            else:
                _link(Path(folder, name), there / name)


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # a disk without hard links
        shutil.copy2(source, target)
