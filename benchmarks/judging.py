"""Win rates beside AlpacaEval 2's published ones, from its own judgments of six models (../shared/data/benchmarks)."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.claims import Claim, Rows

_DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "benchmarks"
_PEER = "AlpacaEval 2's leaderboard"


def run(_: Path | None) -> Iterator[Claim | Rows]:
    """Plain rates, length-controlled rates with and without difficulties, and those of the published coefficients."""
    if not (_DATA / "alpaca_eval_2_annotations.parquet").exists():
        return
    import polars as pl
    from scipy.stats import spearmanr

    from eval_suites.judges.length_control import Pairs, all_length_controlled, from_coefficients, length_controlled
    from eval_suites.judges.rates import win_rate

    judged = pl.read_parquet(_DATA / "alpaca_eval_2_annotations.parquet")
    board = pl.read_csv(_DATA / "alpaca_eval_2_leaderboard.csv")
    difficulty = pl.read_parquet(_DATA / "alpaca_eval_2_instruction_difficulty_estimated.parquet")
    board = board.rename({board.columns[0]: "model"})
    published = {row["model"]: row for row in board.to_dicts()}

    pairs = {}
    for (model,), rows in judged.group_by("model", maintain_order=True):
        rows = rows.join(difficulty, on="instruction", how="left", maintain_order="left")
        lengths = [rows[name].str.len_chars().to_numpy() for name in ("model_output", "baseline_output")]
        pairs[str(model)] = Pairs(rows["preference"].to_numpy() - 1, *lengths, rows["difficulty"].to_numpy())
    plain = {name: 100 * win_rate(one.preferences_N).value for name, one in pairs.items()}
    together = {name: 100 * one.value for name, one in all_length_controlled(pairs).items()}
    alone = {name: 100 * length_controlled(one).value for name, one in pairs.items()}
    without = {
        name: 100 * length_controlled(Pairs(one.preferences_N, one.lengths_N, one.other_lengths_N)).value
        for name, one in pairs.items()
    }

    def worst(rates: dict[str, float], column: str) -> float:
        return max(abs(rate - published[name][column]) for name, rate in rates.items())

    lc = "length_controlled_winrate"
    yield _within("judging.plain_rates", worst(plain, "win_rate"), 0.01, f"{len(plain)} models")
    yield _within("judging.length_controlled", worst(together, lc), 2.5, "six models fitted together")
    yield _within("judging.length_controlled_alone", worst(alone, lc), 2.5, "each model fitted by itself")

    weights = pl.read_csv(_DATA / "alpaca_eval_2_lc_glm_weights.csv")
    slopes = weights.rename(dict(zip(weights.columns, ("model", "length", "slope", "own"), strict=True)))
    rates = {
        row["model"]: 100 * from_coefficients(row["own"], row["slope"], difficulty["difficulty"].to_numpy())
        for row in slopes.to_dicts()
        if row["model"] in published and published[row["model"]][lc] is not None
    }
    names = list(rates)
    correlation = float(spearmanr([rates[one] for one in names], [published[one][lc] for one in names])[0])
    gap = float(np.mean([abs(rates[one] - published[one][lc]) for one in names]))
    yield Claim("judging.order", correlation, 0.97, _PEER, "Spearman", correlation / 0.97, 1.0, correlation >= 0.97,
                f"{len(names)} models by their published coefficients; {gap:.2f} points apart on average")  # fmt: skip
    rows = [
        (name, *(f"{one:.2f}" for one in (plain[name], published[name]["win_rate"], together[name], alone[name], without[name],
                                          published[name][lc])))
        for name in pairs
    ]  # fmt: skip
    header = ("model", "win rate", "published", "length-controlled", "alone", "without difficulties", "published")
    yield Rows("Win rates, %", header, rows)


def _within(name: str, apart: float, limit: float, note: str) -> Claim:
    return Claim(name, apart, limit, _PEER, "points", limit / max(apart, limit / 1000), 1.0, apart <= limit,
                 f"largest difference to the published rates; {note}")  # fmt: skip
