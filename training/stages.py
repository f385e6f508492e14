"""Plans a training run. Its id is a hash of all that its result depends on: settings, tokens, and where it starts."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corpus import artifacts
from corpus.errors import UserError, unknown
from corpus.lake import Lake
from corpus.shards import stages as shard_stages
from corpus.stage import Context, Stage, output
from corpus.task import All, WorkItem, digest
from corpus.tokenizer import stages as tokenizer_stages
from training import plan as planning
from training.fingerprint import fingerprint
from training.settings import Run
from training.shape import NAMES
from training.steps import FILES, KIND, RunStep, Trainer

if TYPE_CHECKING:
    import polars as pl

VERSION = 3  # raise it when the same settings and tokens would train another model
_ROWS = 4  # raise it when the same run would give other rows
_SHORT = 8  # digits of an id that a person sees


def train(context: Context[Run]) -> Stage:
    """Plans one run."""
    lake, run = context.lake, context.settings
    _check(context)
    made_from = _made_from(context, run)
    key = digest(made_from)
    teacher = made_from.get("teacher", "")
    slot = f"train-{key}"
    artifact = artifacts.Artifact(kind=KIND, key=key, stage=f"train:{run.name}", made_from=made_from)
    inputs = {name: made_from[name] for name in ("shards", "tokenizer", "after", "model_files")}
    inputs |= {"teacher": teacher} if teacher else {}
    return Stage(
        name=f"train:{run.name}",
        outputs=(output("runs", slot), output("run_losses", slot)),
        config={"name": run.name} | run.that_change_results(),
        inputs=inputs,
        version=_ROWS,
        step=RunStep(lake, key, run.name),
        plan_items=lambda: [WorkItem(digest([key, run.name, _ROWS]), run.name, 1, All())],
        prepare=Trainer(lake, artifact, run, made_from["shards"], made_from["tokenizer"], made_from["after"], teacher),
        is_prepared=lambda: artifacts.has(lake, KIND, key),
        in_process=True,
        facts={"run": key, "n_documents": 0, "n_bytes": 0},
    )


def _check(context: Context[Run]) -> None:
    """Raises `UserError` for a mixture or an earlier run that does not exist."""
    from corpus.mixture.views import names

    run = context.settings
    mixtures = sorted({one.name for one in context.others.get("mix", ())} | set(names(context.lake)))
    if run.mixture not in mixtures:
        raise unknown("mixture", run.mixture, mixtures)


def _made_from(
    context: Context[Run], run: Run, seen: tuple[str, ...] = (), known: dict[str, str] | None = None
) -> dict[str, Any]:
    """Returns everything that the result of a run depends on. `known` has ids that were found on the way, by name."""
    known = {} if known is None else known
    lake = context.lake
    after = ""
    checkpoint = None if run.model is None else checkpoint_of(lake, run.model)
    if checkpoint is not None:
        after = checkpoint
    elif run.after is not None:
        after = _id_of(context, run, "after", run.after, seen, known)
    return {
        "settings": run.that_change_results(),
        "shards": shard_stages.current(lake, run.mixture),
        "tokenizer": tokenizer_stages.current(lake),
        "after": after,
        "model_files": "" if checkpoint or run.model is None or planning.is_size(run.model) else _files(run.model),
        "version": VERSION,
    } | ({"teacher": _teacher(context, run, run.teacher, seen, known)} if run.teacher is not None else {})


def _id_of(
    context: Context[Run], run: Run, field: str, name: str, seen: tuple[str, ...], known: dict[str, str]
) -> str:  # fmt: skip
    """Returns the id of another run that a run names: one of the same recipe, or one of the lake."""
    if name in (*seen, run.name):
        raise UserError(f"train {run.name!r}: {field} {name!r} leads back to the run itself")
    if name not in known:
        entries = {one.name: one for one in context.others.get("train", ())}
        entry = entries.get(name)
        others = tuple(one for one in entries if one != run.name)
        made_from = _made_from(context, entry, (*seen, run.name), known) if entry else None
        if entry and run.name in entries and list(entries).index(name) > list(entries).index(run.name):
            raise UserError(f"train {run.name!r}: {field} {name!r} stands below it; put it above")
        known[name] = digest(made_from) if made_from else find(context.lake, name, others)
    return known[name]


def _teacher(context: Context[Run], run: Run, teacher: str, seen: tuple[str, ...], known: dict[str, str]) -> str:
    """Returns the id of the teacher's run; of a model in any other folder, a hash of its files."""
    folder = os.path.expanduser(teacher)
    names = {one.name for one in context.others.get("train", ())}
    if not os.path.isdir(folder) or teacher in names or is_run(context.lake, teacher):
        return _id_of(context, run, "teacher", teacher, seen, known)
    return checkpoint_of(context.lake, teacher) or f"{FILES}{_files(folder)}"


def is_run(lake: Lake, name: str) -> bool:
    """Returns whether the lake has a run of a name; what names a folder, with a slash, is none."""
    if os.sep in name or not lake.exists("runs"):
        return False
    return name in set(lake.scan("runs").select("name").collect()["name"])


def run_of(context: Context[Any], run: Run) -> str:
    """Returns the id that a run of these settings has."""
    return digest(_made_from(context, run))


def checkpoint_of(lake: Lake, model: str) -> str | None:
    """Returns the run whose checkpoint a folder is, so that its history is not lost; None for any other folder."""
    place = os.path.join(lake.root, artifacts.FOLDER, KIND)
    folder = os.path.realpath(os.path.expanduser(model))
    if planning.is_size(model) or not lake.is_local or os.path.dirname(folder) != os.path.realpath(place):
        return None
    key = os.path.basename(folder)
    return key if re.fullmatch(r"[0-9a-f]{32}", key) else None


def _files(folder: str) -> str:
    """Returns a hash of the files of a model; raises `UserError` if there is none."""
    path = Path(folder).expanduser()
    if not path.is_dir() and os.sep in folder:
        raise UserError(f"model {folder}: there is no such folder; name one with a Qwen3 model, or a size such as 6M")
    if not path.is_dir():
        raise unknown("model", folder, NAMES, is_sorted=True)
    return fingerprint(path)


def find(lake: Lake, name: str, others: tuple[str, ...] = ()) -> str:
    """Returns the id of a run, by its id, the first digits of its id, its name (the newest run) or its checkpoint;
    `others` are names that would have been allowed as well."""
    runs = lake.scan("runs").select("run", "name", "checkpoint").collect() if lake.exists("runs") else None
    rows = [] if runs is None else runs.rows()
    last = name.rstrip("/").rpartition("/")[2]
    wanted = last if re.fullmatch(r"[0-9a-f]{32}", last) else name  # a folder is called by the id, not by the name
    by_id = [run for run, _, _ in rows if run == wanted or (len(wanted) >= _SHORT and run.startswith(wanted))]
    if len(by_id) == 1:
        return str(by_id[0])
    by_name = [run for run in in_order(lake) if any(run == one and called == wanted for one, called, _ in rows)]
    if by_name:
        return by_name[-1]
    raise unknown("run", name, sorted({called for _, called, _ in rows} | set(others)))


def chain(lake: Lake, run: str, *, teachers: bool = False) -> list[dict[str, Any]]:
    """Returns the rows of a run and of those that it started from, the newest first; none if there is no such run.

    `teachers` adds those that any of them has learned from, with what these started from.
    """
    if not run or not lake.exists("runs"):
        return []
    read = rows(lake).select("run", "after", "teacher", "mixture", "tokens").collect()
    by_id = {row["run"]: row for row in read.to_dicts()}
    return [by_id[one] for one in ancestors(by_id, run, teachers=teachers)]


def rows(lake: Lake) -> "pl.LazyFrame":
    """Returns the table `runs`; of a lake from before there were teachers, too."""
    import polars as pl

    frame = lake.scan("runs")
    return frame if "teacher" in frame.collect_schema() else frame.with_columns(teacher=pl.lit(""))


def ancestors(rows: Mapping[str, Mapping[str, Any]], run: str, *, teachers: bool = False) -> list[str]:
    """Returns a run and those that it came from, each once and before what it came from itself."""
    fields = ("after", "teacher") if teachers else ("after",)
    found: dict[str, None] = {}  # depth first; read backwards, a run stands before all that it came from
    todo = [(run, False)]
    while todo:
        one, is_done = todo.pop()
        if is_done:
            found[one] = None
        elif one in rows and one not in found:
            todo.append((one, True))
            todo += [(str(rows[one][field]), False) for field in fields]
    return list(found)[::-1]


def in_order(lake: Lake) -> list[str]:
    """Returns the ids of all runs, the oldest first."""
    if not lake.exists("runs"):
        return []
    facts = (commit.lineage.facts for commit in reversed(list(lake.history("runs"))) if commit.lineage is not None)
    return list(dict.fromkeys(str(each["run"]) for each in facts if "run" in each))
