"""Makes and measures the runs of a study: branches, held-out documents, mixtures, then each run, some at once.

  base branch         the lake as it is; its tokenizer, learned from the baseline if the lake has none
  held out            documents that are measured, and left out of all variants
  branches            one for each variant that changes the recipe: its stages run again there
  mixtures            of all variants and seeds, before anything is trained: what is short of text shows here
  runs                each trained, and scored, in the branch of its variant

Everything is a stage of a lake, so a study that was stopped goes on where it was.
"""

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from corpus import durable
from corpus.errors import UserError
from corpus.execution import main_not_imported
from corpus.lake import Lake
from corpus.mixture.allocation import ShortageError
from corpus.shards.layout import read_about
from corpus.task import digest
from corpus.tokenizer import stages as tokenizer_stages
from corpus.tokenizer import steps as tokenizer_steps
from pomona import making, runner
from pomona.ablation import branches, held_out, search
from pomona.ablation.planned import (
    BASE,
    Planned,
    at_equal_cost,
    branch_of,
    by_content,
    planned,
    planned_one,
    shared_runs,
    vocabulary,
)
from pomona.ablation.settings import POINT, Study
from pomona.ablation.variants import Variant, recipe_of
from pomona.recipe import Recipe
from pomona.removal import Removal
from pomona.stages import Wanted, source_family
from training import views as of_runs
from training.worker import end_with_parent

_FOR_ONE_CORE = 10_000_000  # weights of a model that one core is enough for
_PIECES = (256, 512, 1024, 2048, 4096, 8192)  # tokens of a document that a mixture may read at most
_TO_SAVE = 30.0  # seconds for a process that is ended to save its state
_LAST = 2  # evaluations in a run's last tenth, before the one at its end

Tell = Callable[[str], None]  # says on the way how far a study is


@dataclass(frozen=True, slots=True)
class Ran:
    """What a study has trained."""

    variants: list[Variant]  # with what a search has found
    runs: list[Planned]
    points: list[search.Point]
    of_points: list[Planned]  # a run for each point


def run(lake: Lake, study: Study, variants: Sequence[Variant], folder: Path, tell: Tell) -> Ran:
    """Makes all that a study needs, and trains its runs."""
    points = search.points(study, variants[0]) if study.search else []
    of_points = [
        planned_one(study, search.variant(variants[0], one.name, one.weights), study.model[0], one.seed, folder)
        for one in points
    ]
    shared = [one for model in study.model for one in shared_runs(study, variants[0], model, folder)]
    runs = planned(study, variants, folder)
    measured = _prepare(lake, study, variants, runs[0], folder)
    runs = _of_equal_cost(runs, shared, study, folder)
    pieces, precision = _document_tokens([*runs, *of_points], shared, study, folder), _precision(folder)

    called: dict[str, str] = {}  # what shared runs are called in the end

    def mixed(several: Sequence[Planned]) -> list[Planned]:
        measurable = (_as_measured(one, study, measured, pieces, precision) for one in several)
        ready = [by_content(one, called) for one in measurable]
        for one in {each.mixture.name: each for last in ready for each in (*last.alone(), last)}.values():
            _mix(Lake(one.branch), one)
        return ready

    first = []
    for one in shared:  # in their order: one may start from another
        first += mixed([one])
        called[one.run.name] = first[-1].run.name
    runs, of_points = mixed(runs), mixed(of_points)  # before anything is trained
    if there := _there([*first, *runs, *of_points]):
        tell(f"{there} of {len(first) + len(runs) + len(of_points)} runs are there already")
    for one in first:
        _train_all([one], 1, tell)
    at_once = study.at_once or devices(study)
    _train_in_order([*runs, *of_points], at_once, tell)
    if study.search is None or not study.search.confirm:
        return Ran(list(variants), runs, points, of_points)

    targets = np.array([search.target(checkpoint(one)) for one in of_points])
    best = search.searched(variants[0], points, targets)
    every = _of_equal_cost(planned(study, [*variants, best], folder), shared, study, folder)
    found = mixed([one for one in every if one.variant == best.name])
    _train_in_order(found, at_once, tell)
    return Ran([*variants, best], [*runs, *found], points, of_points)


def _of_equal_cost(runs: list[Planned], shared: Sequence[Planned], study: Study, folder: Path) -> list[Planned]:
    """Returns the runs with tokens by which they cost the same, if the study says so."""
    return at_equal_cost(runs, shared, vocabulary(Lake(folder / BASE))) if study.equal_cost else runs


def _train_in_order(runs: Sequence[Planned], at_once: int, tell: Tell) -> None:
    """Trains what leads to runs, each once, and then the runs: what stands at one place of all chains is trained at
    once."""
    chains = [(*one.alone(), one) for one in runs]
    for place in range(max(map(len, chains), default=0)):
        several = {chain[place].run.name: chain[place] for chain in chains if len(chain) > place + 1}
        if several:
            _train_all(list(several.values()), at_once, tell)
    _train_all(runs, at_once, tell)


def _prepare(lake: Lake, study: Study, variants: Sequence[Variant], first: Planned, folder: Path) -> Path:
    """Makes branches, held-out documents and a tokenizer; returns the folder of the held-out documents."""
    check_tasks(first)
    base = branches.make(lake, folder / BASE)
    if any(one.recipe for one in variants):
        _decide(base, recipe_of(study, variants[0], unchanged=True))

    measured = folder / held_out.FOLDER
    if study.measured_on:
        held_out.write(base, measured, held_out.groups(variants[0].mixture), study.measured_on, study.evaluation_tokens)
    _tokenizer(base, variants[0], first)

    for variant in variants:
        if variant.recipe:
            _decide(branches.make(base, branch_of(variant, folder)), recipe_of(study, variant))
    return measured


def checkpoint(one: Planned) -> Path:
    """Returns the folder of a run's model."""
    return Path(of_runs.run(Lake(one.branch), one.run.name).checkpoint)


def one_run(planned: Planned) -> None:
    """Trains and scores one run, unless its branch has it."""
    lake = Lake(planned.branch)
    _drain(making.tokens(lake, planned.mixture.name))
    _drain(making.run(lake, planned.run))
    for score in planned.scores:
        _drain(making.score(lake, score))


def check_tasks(planned: Planned) -> None:
    """Raises `UserError` for tasks that do not exist, or have no data, before anything is trained."""
    from eval_suites import engine
    from eval_suites import stages as scoring

    for score in planned.scores:
        folders = [score.tasks_path] if score.tasks_path else []
        engine.Tasks(scoring.suite_of(score), folders=folders, data=score.data).refuse_code()


def _tokenizer(base: Lake, baseline: Variant, first: Planned) -> None:
    """Learns a tokenizer from the baseline's mixture, if the lake has none."""
    if tokenizer_stages.current(base):
        return
    mixture = baseline.mixture_of("tokenizer", first.seed, first.mixture.tokens or 0)
    mixture = mixture.model_copy(update={"leave_out": first.mixture.leave_out})
    _drain(making.mixture(base, mixture))
    _drain(making.tokens(base, mixture.name))


def _decide(branch: Lake, recipe: Recipe | None) -> None:
    """Runs the stages of a recipe in a branch, except reading raw files: all variants have the lake's documents."""
    if recipe is None:
        return
    wanted = Wanted.by(recipe)
    source = source_family().name
    kept = replace(wanted, settings={name: one for name, one in wanted.settings.items() if name != source})
    _drain(runner.run_wanted(branch, kept, Removal(wanted.unwanted(), frozenset(wanted.sources))))


def _as_measured(one: Planned, study: Study, texts: Path, document_tokens: int, precision: str) -> Planned:
    """Returns a run as it is trained: from pieces of documents, in one precision, measured on the held-out documents in
    the tokens of its branch."""
    more: dict[str, Any] = {} if "precision" in one.run.model_fields_set else {"precision": precision}
    if study.measured_on:
        lake = Lake(one.branch)
        key = tokenizer_stages.current(lake)
        folder = held_out.shards(texts / held_out.TEXTS, tokenizer_steps.folder(lake, key), texts / f"tokens-{key}")
        more |= {
            "held_out": str(folder), "evaluations": 1, "last_evaluations": _LAST,
            "evaluation_tokens": max(read_about(folder).held_out_tokens, 1),
        }  # fmt: skip
    of_mixture = {"document_tokens": document_tokens} if document_tokens else {}
    before = tuple(
        (mixture.model_copy(update=of_mixture), run.model_copy(update=more | {"last_evaluations": 0}))
        for mixture, run in one.before
    )
    mixture, run = one.mixture.model_copy(update=of_mixture), one.run.model_copy(update=more)
    return replace(one, mixture=mixture, run=run, before=before)


def _document_tokens(runs: Sequence[Planned], shared: Sequence[Planned], study: Study, folder: Path) -> int:
    """Returns the most tokens of a document that mixtures read: as few as the corpus allows; 0 for whole documents.

    Which documents a small mixture has is most of what differs from seed to seed. Pieces make it many documents.
    """
    if any("document_tokens" in one.mixture.model_fields_set for one in runs):
        return 0  # the study says it
    largest = max(one.mixture.tokens or 0 for one in runs)
    is_search = {one.variant for one in runs if one.variant.startswith(POINT)}
    last = [
        one for one in runs
        if one.mixture.tokens == largest and (one.seed == study.seeds[0] or one.variant in is_search)
    ]  # fmt: skip
    tried = [*shared, *(each for one in last for each in one.alone()), *last]

    # It is remembered for these very mixtures: a study with more seeds has the same ones, and finds its runs again.
    path = folder / f"document_tokens-{digest([(one.branch, one.mixture.model_dump()) for one in tried])[:16]}"
    if not path.is_file():
        _remember(path, str(_shortest(tried)))
    return int(path.read_text())


def _shortest(runs: Sequence[Planned]) -> int:
    """Returns the least tokens of a piece with which no group is short of text; 0 for whole documents."""
    for most in _PIECES:
        try:
            for one in runs:
                mixture = one.mixture.model_copy(update={"document_tokens": most, "name": "pieces"})
                _drain(making.mixture(Lake(one.branch), mixture))
        except ShortageError:
            continue
        except UserError:  # `_mix` says whose it is
            return 0
        return most
    return 0


def _precision(folder: Path) -> str:
    """Returns the precision of all runs: what is faster here was measured once, and must not change on the way."""
    path = folder / "precision"
    if not path.is_file():
        from training.devices import precision

        _remember(path, precision("auto"))
    return path.read_text()


def _remember(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}")
    temporary.write_text(text)
    durable.publish(str(temporary), str(path))


def _mix(lake: Lake, one: Planned) -> None:
    try:
        _drain(making.mixture(lake, one.mixture))
    except UserError as error:
        raise UserError(f"variant {one.variant!r}, seed {one.seed}: {error}") from error


def _there(runs: Sequence[Planned]) -> int:
    """Returns how many runs are in their branches: names say what runs are."""
    names = {
        (branch, name)
        for branch in {one.branch for one in runs}
        if Lake(branch).exists("runs")
        for name in Lake(branch).scan("runs").select("name").collect()["name"]
    }
    return sum((one.branch, one.run.name) in names for one in runs)


def _train_all(runs: Sequence[Planned], at_once: int, tell: Tell) -> None:
    todo = len(runs)
    if at_once == 1 or todo <= 1:
        for done, one in enumerate(runs):
            one_run(one)
            tell(f"{done + 1:,}/{todo:,} runs, the last one {one.run.name}")
        return
    for done, name in enumerate(_in_processes(runs, min(at_once, todo))):
        tell(f"{done + 1:,}/{todo:,} runs, the last one {name}")


def _in_processes(runs: Sequence[Planned], at_once: int) -> Iterator[str]:
    """Yields the names of runs as they end, each trained in one of some processes."""
    context = multiprocessing.get_context("spawn")
    numbers = context.Queue()
    for number in range(at_once):
        numbers.put(number)
    threads = max((os.cpu_count() or 1) // at_once, 1)
    pool = ProcessPoolExecutor(at_once, context, initializer=_begin, initargs=(numbers, threads))
    try:
        with main_not_imported():
            waiting = {pool.submit(_here, one_run, one): one for one in runs}
        for future in as_completed(waiting):
            future.result()
            yield waiting[future].run.name
    except BrokenProcessPool as error:
        raise UserError(
            "a process that trained was killed, perhaps for want of memory; the same command goes on, and "
            "at_once: 1 needs least"
        ) from error
    finally:
        _end(list((pool._processes or {}).values()))
        pool.shutdown(wait=True, cancel_futures=True)


def _end(processes: Sequence[Any]) -> None:
    """Ends processes, after an error or Ctrl-C too. Those that train have some time to save their state."""
    for process in processes:
        process.terminate()
    last = time.monotonic() + _TO_SAVE
    for process in processes:
        process.join(max(last - time.monotonic(), 0))
        if process.is_alive():
            process.kill()


def _here(run: Callable[[Planned], None], one: Planned) -> None:
    """Does a run in a process of a pool. A process that is asked to stop must end, and not wait for another run.

    The pool would take the interruption for a result, and wait for a lock that a process which was ended still holds.
    """
    try:
        run(one)
    except KeyboardInterrupt:  # its state is saved
        os._exit(1)
    parent = multiprocessing.parent_process()
    if parent is not None and not parent.is_alive():
        os._exit(1)


def _begin(numbers: Any, threads: int) -> None:
    """Gives a process its cores, or its GPU, before anything heavy is loaded."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's
    end_with_parent()
    number = numbers.get()
    os.environ["OMP_NUM_THREADS"] = str(threads)
    os.environ["LOCAL_RANK"] = str(number)
    sys.stderr = open(os.devnull, "w")  # noqa: SIM115  lines of several runs would be mixed
    import torch

    torch.set_num_threads(threads)


def devices(study: Study) -> int:
    """Returns how many runs are trained at once: one per GPU, or per core for models that one core is enough for."""
    import torch

    if torch.cuda.is_available():
        return int(torch.cuda.device_count())
    from training.shape import named

    largest = max(named(one, 1).parameters for one in study.model)
    return runner.default_workers() if largest < _FOR_ONE_CORE else 1


def _drain(outcomes: Iterator[Any]) -> None:
    for _ in outcomes:
        pass
