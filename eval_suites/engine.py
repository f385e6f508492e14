"""Runs the tasks of a suite through lm-eval, and returns what each item scored.

lm-eval makes prompts, filters answers and scores items. What it would do with the items' scores, this leaves to
eval_suites.statistics.
"""

import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from corpus import hub
from corpus.errors import UserError
from corpus.task import digest
from decontam.benchmarks import IDS
from eval_suites import task_index
from eval_suites.aggregation import ratio
from eval_suites.local_data import LocalData
from eval_suites.settling import Ask
from eval_suites.statistics import intervals
from eval_suites.statistics.intervals import Estimate
from eval_suites.suites import Suite
from eval_suites.suites import Task as Wanted

if TYPE_CHECKING:
    from eval_suites.harness import Harness

BITS_PER_BYTE = "bits_per_byte"
_LOCAL = ("json", "csv", "parquet", "text", "arrow")  # builders of `datasets` that read files
_OF_DATA = ("ConnectionError", "DatasetNotFoundError", "FileNotFoundError", "OfflineMode")  # errors of missing data
_NAMED = 3  # tasks that a message names
_MEANS = ("mean", "nanmean")  # lm-eval's functions that make a score of items' scores by their mean
_RATIOS = (BITS_PER_BYTE, ratio.__name__)
_OF_CHOICES = ("acc", "acc_norm")  # metrics by which guessing scores one over the number of choices
_WITHOUT_NAN = "nanmean"  # leaves out items without a score
_RESAMPLES = 200  # of a score that is no mean: each calls lm-eval's function
_INVALID = "[invalid]"  # what lm-eval's filters give for an answer that they cannot read
_PARSED = "parsed"  # metric of tasks that read answers themselves: 1 for each that they could read
_ORDER, _NUMPY, _FEWSHOT = 0, 1234, 1234  # seeds, as lm-eval's command line sets them
_PREFERRED = ("acc_norm", "acc", "exact_match", "prompt_level_strict_acc", BITS_PER_BYTE)


@dataclass(frozen=True, slots=True)
class Item:
    """What a model scored on an item, by one metric."""

    item: int  # number of the item in its data set
    value: float
    weight: float = 1.0  # of a ratio: what is divided by
    cluster: str = ""
    known_as: str = ""  # the id that a file of the benchmark gives the item; '' for its number


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model answered to an item."""

    item: int
    prompt: str
    target: str
    answer: str
    log_likelihoods: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Metric:
    """The scores of all items of a task, by one metric."""

    name: str
    is_ratio: bool  # the score is the sum of values over the sum of weights, else their mean
    higher_is_better: bool
    items: tuple[Item, ...]  # none, if the score does not follow from scores of items
    estimate: Estimate | None = None  # the score then: F1, BLEU, perplexity, ...


@dataclass(frozen=True, slots=True)
class TaskResult:
    """What a model scored on a task."""

    task: str
    group: str  # that it was asked for as; the task itself if it was
    of_group: str  # the group's score: mean over items, or over tasks
    version: str
    shots: int
    primary: str  # metric that counts
    baseline: float
    metrics: tuple[Metric, ...]
    answers: tuple[Answer, ...]
    prompt_hash: str  # of all rendered prompts, in order
    items_hash: str  # of the items themselves, with their right answers: whatever the prompts, examples or templates
    unparsed: float | None  # share of answers that no filter could read; None where none is filtered


class Tasks:
    """The tasks of a suite with their data, before any model is loaded."""

    def __init__(
        self, suite: Suite, *, folders: Sequence[str] = (), shots: int | None = None, data: str | None = None,
        run_code: bool = False,
    ) -> None:  # fmt: skip
        self.suite = suite
        self.left_out: list[str] = []  # tasks of a group whose data the folder of local files does not have
        self.held_back: dict[str, int] = {}  # items that became examples, by task
        self._data = None if data is None else Path(data).expanduser()
        if self._data is not None and not self._data.is_dir():
            told = "it is a file; name the folder that it is in" if self._data.exists() else "there is no such folder"
            raise UserError(f"--data {data}: {told}")
        self._found = task_index.manager([one.task for one in suite.tasks], folders)
        self._shots, self.run_code = shots, run_code
        self.leaves: dict[str, tuple[Any, Wanted]] = {}
        self._load()

    def _load(self) -> None:
        """Loads the data of all tasks; raises `UserError` that names those without any."""
        reads_hub = any(not _is_local(self._found, one.task) and not self._has_files(one) for one in self.suite.tasks)
        is_offline = hub.offline_if_unreachable() if reads_hub else False
        failed: list[tuple[str, str]] = []
        for wanted in self.suite.tasks:
            try:
                loaded = self._loaded(wanted)
            except UserError as error:
                failed.append((wanted.task, str(error)))
                continue

            for name, task in loaded["tasks"].items():
                if name in self.left_out:
                    continue
                shots = self._shots if self._shots is not None else wanted.shots
                if shots is not None:
                    task.set_config(key="num_fewshot", value=shots)
                elif task.get_config("num_fewshot") is None:
                    task.set_config(key="num_fewshot", value=0)
                task.set_fewshot_seed(seed=_FEWSHOT)
                self.leaves[name] = (task, wanted)

        if not failed and not self.leaves:
            named = ", ".join(self.left_out[:_NAMED])
            raise UserError(f"no task has data: the files of --data have no rows for {named}")
        if failed:
            n, total = len(failed), len(self.suite.tasks)
            told = f"{n} of {total} tasks cannot be loaded: {_named(failed)}"
            advice = _advice([why for _, why in failed], is_offline=is_offline, has_folder=self._data is not None)
            raise UserError(told + advice)
        self._refuse_unknown_metrics()

    def _refuse_unknown_metrics(self) -> None:
        """Raises `UserError` for a metric that no item will have, before a model is asked anything."""
        for name, (task, wanted) in self.leaves.items():
            known = [*task.aggregation(), *([BITS_PER_BYTE] if task.OUTPUT_TYPE == "multiple_choice" else [])]
            if wanted.metric and wanted.metric.partition(":")[0] not in known:
                raise UserError(f"task {name} has no metric {wanted.metric!r}; it has {', '.join(known)}")

    def refuse_code(self) -> None:
        """Raises `UserError` if a task runs what models write, and that was not allowed, or is not locked in."""
        runs = [name for name, (task, _) in self.leaves.items() if getattr(task, "UNSAFE_CODE", False)]
        if not runs:
            return
        if not self.run_code:
            raise UserError(f"{', '.join(runs[:_NAMED])}: answers are programs that are run; allow it with --run-code")
        open_ones = [name for name in runs if (self.leaves[name][0].config.metadata or {}).get("runs_in") != "sandbox"]
        if open_ones:
            raise UserError(
                f"{', '.join(open_ones[:_NAMED])}: the task runs programs in this process, without a lock; "
                "pomona_humaneval and pomona_mbpp run them in locked ones"
            )
        from eval_suites.code import sandbox

        sandbox.require()

    def _has_files(self, wanted: Wanted) -> bool:
        return self._data is not None and bool(wanted.data)

    def _loaded(self, wanted: Wanted) -> Any:
        """Loads a task or a group with its data."""
        if self._data is None or not wanted.data:
            return _loaded(self._found, wanted.task)
        as_files = "custom_dataset" in _config(self._found, wanted.task)
        shots = self._shots if self._shots is not None else wanted.shots
        local = LocalData(self._data, wanted.data, as_files=as_files, shots=shots)
        with local.in_place():
            loaded = _loaded(self._found, wanted.task)
        self.left_out += local.left_out
        self.held_back |= local.held_back
        return loaded


def run(
    tasks: Tasks, harness: "Harness", *, limit: int | None = None, chat: bool = False,
    samples: Mapping[str, Sequence[int]] | None = None,
) -> list[TaskResult]:  # fmt: skip
    """Asks a model all items, the first `limit` of each task, or those of `samples`; returns what it scored."""
    from lm_eval.evaluator import evaluate

    tasks.refuse_code()
    random.seed(_ORDER)
    np.random.seed(_NUMPY)
    leaves = {name: task for name, (task, _) in tasks.leaves.items() if samples is None or samples.get(name)}
    # lm-eval asks chosen items in the order of the data, and numbers them by the order of this list: both must agree.
    chosen = None if samples is None else {name: sorted(samples[name]) for name in leaves}
    results = evaluate(
        lm=harness, task_dict={"tasks": leaves, "groups": {}}, limit=limit, samples=chosen, bootstrap_iters=0,
        log_samples=True, apply_chat_template=chat, fewshot_as_multiturn=chat, confirm_run_unsafe_code=tasks.run_code,
    )  # fmt: skip
    assert results is not None
    return [_result(name, task, tasks.leaves[name][1], results) for name, task in leaves.items()]


def asking(tasks: Tasks, harness: "Harness", *, chat: bool = False) -> Ask:
    """Returns what gives the values of some items, by the metric that counts; None for a score that is no share."""

    def ask(wanted: Mapping[str, Sequence[int]]) -> dict[str, dict[int, float] | None]:
        found: dict[str, dict[int, float] | None] = dict.fromkeys(wanted)
        for one in run(tasks, harness, chat=chat, samples=wanted):
            primary = next(metric for metric in one.metrics if metric.name == one.primary)
            is_share = bool(primary.items) and not primary.is_ratio
            found[one.task] = {item.item: item.value for item in primary.items} if is_share else None
        return found

    return ask


def _result(name: str, task: Any, wanted: Wanted, results: Mapping[str, Any]) -> TaskResult:
    samples, config = results["samples"][name], results["configs"][name]
    if not samples:
        raise UserError(f"task {name} has no items")
    filters = list(dict.fromkeys(one["filter"] for one in samples))
    higher, metrics = task.higher_is_better(), []
    for key in filters:
        of_filter = [one for one in samples if one["filter"] == key]
        named = dict.fromkeys(metric for one in of_filter for metric in one["metrics"])
        metrics += [
            _metric(metric, key, filters, of_filter, bool(higher.get(metric, True)), wanted.cluster,
                    task.aggregation().get(metric))
            for metric in named
        ]  # fmt: skip
    first = sorted((one for one in samples if one["filter"] == filters[0]), key=lambda one: int(one["doc_id"]))
    if task.OUTPUT_TYPE == "multiple_choice" and (bits := _bits_of_gold(first, wanted.cluster)):
        metrics.append(Metric(BITS_PER_BYTE, True, False, bits))

    names = [one.name for one in metrics]
    baseline = wanted.baseline or _guessing(task, first)
    primary = wanted.metric or next((one for one in _PREFERRED if one in names), names[0])
    if primary not in names:
        raise UserError(f"task {name} has no metric {primary!r}; it has {', '.join(names)}")
    return TaskResult(
        name, wanted.task, wanted.of_group, str(task.VERSION), int(config.get("num_fewshot") or 0), primary,
        baseline if primary in _OF_CHOICES else wanted.baseline,
        tuple(metrics), tuple(_answer(one) for one in first),
        digest([[one["doc_id"], [list(map(str, args)) for args in one["arguments"]]] for one in first]),
        digest([[one["doc_id"], str(one["target"]), {k: str(v) for k, v in one["doc"].items()}] for one in first]),
        _unparsed(samples, filters),
    )  # fmt: skip


def _guessing(task: Any, samples: list[Any]) -> float:
    """Returns what guessing scores where each item has one right choice; 0 where the task scores in its own way."""
    if task.OUTPUT_TYPE != "multiple_choice" or task.config.process_results is not None:
        return 0.0
    return sum(1 / max(len(one["filtered_resps"]), 1) for one in samples) / len(samples)


def _metric(
    name: str, key: str, filters: list[str], samples: list[Any], higher: bool, cluster: str,
    aggregate: Callable[[list[Any]], float] | None,
) -> Metric:  # fmt: skip
    """Returns a metric of all items. Where answers are filtered in several ways, the filter is a part of its name."""
    scored = [one for one in samples if name in one["metrics"]]
    values = [one[name] for one in scored]
    called = name if key == "none" or len(filters) == 1 else f"{name}:{key}"

    how = getattr(aggregate, "__name__", "mean")
    if how == BITS_PER_BYTE:
        pairs = [(-float(nats) / math.log(2), float(n)) for nats, n in values]
    elif how == ratio.__name__:
        pairs = [(float(value), float(weight)) for value, weight in values]
    elif how in _MEANS and all(isinstance(value, (int, float, np.number, np.bool_)) for value in values):
        pairs = [(float(value), 1.0) for value in values]
    else:  # F1, BLEU, perplexity: only lm-eval's own function knows what all items together come to
        assert aggregate is not None
        estimate = intervals.bootstrap(
            len(values), lambda rows: float(aggregate([values[i] for i in rows])), resamples=_RESAMPLES
        )
        return Metric(called, False, higher, (), estimate)

    items = [
        Item(int(one["doc_id"]), *pair, _cluster(one["doc"], cluster), _id(one["doc"]))
        for one, pair in zip(scored, pairs, strict=True)
        if how != _WITHOUT_NAN or math.isfinite(pair[0])
    ]
    return Metric(called, how in _RATIOS, higher, tuple(items))


def _bits_of_gold(samples: list[Any], cluster: str) -> tuple[Item, ...]:
    """Returns the bits of each right answer, and its bytes: what carries signal in small models."""
    items = []
    for one in samples:
        target, lls = one["target"], [float(pair[0]) for pair in one["filtered_resps"]]
        if isinstance(target, (list, tuple)) and target:
            target = target[0]
        if isinstance(target, str) and not target.lstrip("-").isdigit():
            texts = [args[1].strip() for args in one["arguments"]]
            target = texts.index(target.strip()) if target.strip() in texts else None
        if target is None or not 0 <= int(target) < min(len(lls), len(one["arguments"])):
            return ()
        n_bytes = len(str(one["arguments"][int(target)][1]).encode())
        items.append(Item(int(one["doc_id"]), -lls[int(target)] / math.log(2), n_bytes, _cluster(one["doc"], cluster)))
    return tuple(items)


def _answer(sample: Any) -> Answer:
    responses = sample["filtered_resps"]
    arguments = sample["arguments"]
    if isinstance(responses[0], (tuple, list)) and len(responses[0]) == 2 and len(responses) > 1:
        lls = tuple(float(one[0]) for one in responses)
        best = int(np.argmax(lls))
        target = sample["target"]
        if isinstance(target, int) and 0 <= target < len(arguments):
            target = arguments[target][1]
        return Answer(int(sample["doc_id"]), str(arguments[0][0]), str(target), str(arguments[best][1]), lls)
    first = responses[0]
    if isinstance(first, list) and first:  # of several samples
        first = first[0]
    lls = (float(first),) if isinstance(first, (int, float)) else ()
    text = "" if lls or not isinstance(first, str) else str(first)
    return Answer(int(sample["doc_id"]), str(arguments[0][0]), str(sample["target"]), text, lls)


def _unparsed(samples: list[Any], filters: list[str]) -> float | None:
    """Returns the share of answers that no filter, or not the task itself, could read."""
    if _PARSED in samples[0]["metrics"]:
        return 1 - sum(float(one[_PARSED]) for one in samples) / len(samples)
    read: dict[int, bool] = {}
    for one in samples:
        answers = [text for text in one["filtered_resps"] if isinstance(text, str)]
        if answers:
            read[one["doc_id"]] = read.get(one["doc_id"], False) or any(text != _INVALID for text in answers)
    is_filtered = any(key not in ("none", "remove_whitespace") for key in filters)
    return sum(not one for one in read.values()) / len(read) if read and is_filtered else None


def _id(document: Mapping[str, Any]) -> str:
    """Returns the id by which decontamination knows an item of a file."""
    return next((str(document[name]) for name in IDS if document.get(name) is not None), "")


def _cluster(document: Mapping[str, Any], field_name: str) -> str:
    return str(document.get(field_name, "")) if field_name else ""


def _loaded(found: Any, name: str) -> Any:
    """Loads a task or a group with its data; raises `UserError` if that fails, for whatever reason."""
    try:
        return found.load([name])
    except UserError:  # of a function of ours that reads data
        raise
    except ModuleNotFoundError as error:
        told = f"pip install {error.name}" if error.name else " ".join(str(error).split())[:200]
        raise UserError(f"it needs a package: {told}") from error
    except Exception as error:
        raise UserError(f"{type(error).__name__}: {' '.join(str(error).split())[:120]}") from error


def _named(failed: Sequence[tuple[str, str]]) -> str:
    """Returns the first tasks with what is wrong with them; those with the same fault together."""
    by_reason: dict[str, list[str]] = {}
    for task, why in failed:
        by_reason.setdefault(why, []).append(task)
    told = []
    for why, tasks in list(by_reason.items())[:_NAMED]:
        more = f" and {len(tasks) - 1} more" if len(tasks) > 1 else ""
        told.append(f"{tasks[0]}{more} ({why})")
    return ", ".join(told)


def _advice(failed: list[str], *, is_offline: bool, has_folder: bool) -> str:
    """Returns what to do about tasks whose data are missing; '' for tasks that are wrong."""
    if not any(word in text for text in failed for word in _OF_DATA):
        return ""
    reason = "the hub of data sets cannot be reached; " if is_offline else ""
    where = "where there is a network (pomona fetch SUITE)"
    local = "name a folder of local files (--data)"
    if has_folder:
        local = "name their files in a suite of your own (data: {test: PATTERN})"
    return f". {reason}fetch the data {where}, or {local}"


def _is_local(found: Any, name: str) -> bool:
    """Returns whether the data of a task are on this machine: generated, or in files that its YAML names."""
    config = _config(found, name)
    return "custom_dataset" in config or config.get("dataset_path") in _LOCAL


def _config(found: Any, name: str) -> Mapping[str, Any]:
    """Returns what the YAML file of a task says, as far as it has been read."""
    config: Mapping[str, Any] = getattr(found._index.get(name), "cfg", None) or {}
    return config
