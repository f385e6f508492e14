"""Mixtures, tokenizers, tokens and training runs as functions. Each makes what it rests on, as its command does.

The keyword arguments are fields of the sections `mixtures`, `tokenizer` and `train` of a recipe. A function that makes
something also takes `workers`, `memory`, `executor` and `progress`, as `pomona.run` does.
"""

from typing import TYPE_CHECKING, Any

from pomona.api.arguments import options_of, settings_of, split
from pomona.api.errors import reports_faults
from pomona.api.lakes import LakeLike, existing
from pomona.api.recipes import shown
from pomona.api.rows import Rows

if TYPE_CHECKING:
    from corpus.family import Family
    from corpus.forgetting.tombstones import Asked
    from corpus.lake import Lake
    from corpus.mixture.views import MixtureView
    from corpus.shards.views import ShardsView
    from corpus.tokenizer.views import TokenizerView
    from pomona.forgetting import Forgot
    from pomona.views.trace import CheckpointTrace, DocumentTrace
    from training.views import Loss, RunView


@reports_faults
def mix(lake: LakeLike, name: str, **settings: Any) -> "MixtureView":
    """Makes a mixture: `weights`, `tokens`, `by`, `groups`, `where`, `max_epochs`, `held_out`, ..."""
    from corpus.mixture.family import FAMILY
    from corpus.mixture.views import mixture
    from pomona import making

    opened, entry, running = existing(lake), *_entry(FAMILY, settings, name=name)
    _make(making.mixture, opened, entry, running, f"pomona.mix(lake, {name!r}, ...)")
    return mixture(opened, name)


@reports_faults
def mixture(lake: LakeLike, name: str) -> "MixtureView":
    """Returns a mixture: its groups before and after, and the benchmark items that it touches."""
    from corpus.mixture import views

    return views.mixture(existing(lake), name)


@reports_faults
def train_tokenizer(lake: LakeLike, **settings: Any) -> "TokenizerView":
    """Makes the lake's tokenizer: `vocab_size`, `mixture`, `sample_bytes`, `compare`; or `path` for one that exists."""
    from corpus.tokenizer.family import FAMILY
    from corpus.tokenizer.views import tokenizer
    from pomona import making

    opened, entry, running = existing(lake), *_entry(FAMILY, settings)
    _make(making.tokenizer, opened, entry, running, "pomona.train_tokenizer(lake, ...)")
    return tokenizer(opened)


@reports_faults
def tokenize(lake: LakeLike, mixture: str, **running: Any) -> "ShardsView":
    """Writes the tokens of a mixture in their training order; makes a tokenizer if the lake has none."""
    from corpus.shards.views import shards
    from pomona import making

    opened = existing(lake)
    _make(making.tokens, opened, mixture, running, f"pomona.tokenize(lake, {mixture!r})")
    return shards(opened, mixture)


@reports_faults
def train(lake: LakeLike, name: str, mixture: str, **settings: Any) -> "RunView":
    """Trains a run: `model` or `after`, `tokens`, `seed`, `stage`, `sequence_length`, ...; continues after a kill."""
    running, given = split(settings)
    given |= {"name": name, "mixture": mixture}
    return _trained(existing(lake), given, running, f"pomona.train(lake, {name!r}, {mixture!r}, ...)")


@reports_faults
def prune(lake: LakeLike, model: str, keep: float | None = None, **settings: Any) -> "RunView":
    """Prunes the model of a run or a folder: `keep` (a share) or `units`, and fields of `train`, such as `teacher`."""
    from pomona import shrinking

    opened, (running, given) = existing(lake), split(settings)
    fields = shrinking.pruned(opened, str(model), given | ({} if keep is None else {"keep": keep}))
    return _trained(opened, fields, running, f"pomona.prune(lake, {model!r}, ...)")


@reports_faults
def distill(lake: LakeLike, teacher: str, **settings: Any) -> "RunView":
    """Trains a model on what a teacher finds likeliest, too: `model` or `after`, `tokens`, `objective`, ..."""
    from pomona import shrinking

    opened, (running, given) = existing(lake), split(settings)
    fields = shrinking.distilled(opened, str(teacher), given)
    return _trained(opened, fields, running, f"pomona.distill(lake, {teacher!r}, ...)")


def _trained(lake: "Lake", fields: dict[str, Any], running: dict[str, Any], call: str) -> "RunView":
    from pomona import making
    from training import views
    from training.family import FAMILY

    entry, _ = _entry(FAMILY, fields)
    _make(making.run, lake, entry, running, call)
    return views.run(lake, making.run_id(lake, entry))


@reports_faults
def runs(lake: LakeLike) -> "Rows[RunView]":
    """Returns the training runs of a lake, the oldest first."""
    from training import views

    return Rows(views.runs(existing(lake)))


@reports_faults
def losses(lake: LakeLike, run: str) -> "Rows[Loss]":
    """Returns the loss curves of a run: of what it trains on, and of held-out documents by group."""
    from training import views

    return Rows(views.losses(existing(lake), run))


@reports_faults
def trace(lake: LakeLike, what: str) -> "CheckpointTrace | DocumentTrace":
    """Returns what is behind a checkpoint or run, or which mixtures and runs have read a document."""
    from pomona.views import trace as views

    opened = existing(lake)
    return views.trace_run(opened, what) if views.is_run(opened, what) else views.trace_document(opened, what)


@reports_faults
def forget(lake: LakeLike, what: str, *, reason: str = "", vacuum: bool = False, dry_run: bool = False) -> "Forgot":
    """Removes a document, by id or URI, or all of a domain, and keeps it out; says which runs have read it.

    `vacuum` also deletes older versions of the tables, and erases token shards.
    """
    from pomona import forgetting

    return forgetting.forget(existing(lake), what, reason=reason, vacuum=vacuum, dry_run=dry_run)


@reports_faults
def forgotten(lake: LakeLike) -> "Rows[Asked]":
    """Returns all requests to forget that a lake was given, the oldest first."""
    from corpus.forgetting import tombstones

    return Rows(tombstones.requests(existing(lake)))


def _entry(family: "Family", settings: Any, **more: Any) -> tuple[Any, dict[str, Any]]:
    """Returns the checked settings of a family's section, and how to run."""
    running, fields = split(settings)
    return settings_of(family.field, fields | more), running


def _make(make: Any, lake: Any, what: Any, running: Any, call: str) -> None:
    """Runs what makes something, with progress, as the call that the lake records."""
    from pomona import command_line

    options = options_of(running)
    with command_line.python_call(call), shown(running.get("progress")) as progress:
        list(make(lake, what, report=progress, **options))
