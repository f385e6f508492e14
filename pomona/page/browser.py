"""Writes the page of a suite: leaderboard, plots, comparisons and all items, to sort, to filter and to look through.

It loads nothing from the network. Its only script is its own, and the page allows no other by the script's hash: what
models have written is data that the script shows as text, whatever it holds.
"""

import base64
import json
from dataclasses import asdict
from datetime import UTC, datetime
from hashlib import sha256
from importlib.resources import files
from typing import Any

from corpus.errors import UserError
from corpus.lake import Lake
from pomona.destination import new_file
from pomona.page import boards

_MOST = 4000  # items in the page


def write(lake: Lake, out: str, suite: str = "") -> None:
    """Writes the page of a suite, by default of the one scored last, to `out`."""
    with new_file(out) as path:
        path.write_text(render(lake, suite), encoding="utf-8")


def render(lake: Lake, suite: str = "") -> str:
    """Renders the page; raises `UserError` if nothing was scored on the suite."""
    from eval_suites import browsing, views
    from pomona.page import environment
    from pomona.version import __version__

    every = views.runs(lake)
    if not every:
        raise UserError("no score yet; make one: pomona score MODEL --suite offline")
    board = boards.board(lake, suite or every[-1].suite, every)
    shown = [one for one in every if one.score in {each.score for each in board.standings[: boards.MODELS]}]
    items = browsing.items(lake, shown, _MOST)
    script = files("pomona.page").joinpath("browser.js").read_text(encoding="utf-8")
    return environment().get_template("browser.html").render(
        board=board, boards=[board], lake=lake.url, version=__version__, script=script,
        script_hash=base64.b64encode(sha256(script.encode()).digest()).decode(),
        now=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC", n_items=items.total, n_shown=len(items.rows),
        data=_as_data({"models": [one.name for one in shown], "items": [asdict(one) for one in items.rows]}),
    )  # fmt: skip


def _as_data(value: Any) -> str:
    """Returns JSON that cannot end the element that holds it."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, default=str)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026").replace("\u2028", "\\u2028")
