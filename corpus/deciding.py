"""Rows of `decisions`: what a stage with one rule says of each document, and what it measured against what."""

import polars as pl

_MEASURES = pl.List(pl.Struct({"rule": pl.String, "value": pl.Float64, "limit": pl.Float64}))


def decisions(frame: pl.DataFrame, stage: str, rule: str) -> pl.DataFrame:
    """Rows of `decisions` from `id`, `source`, `row_group`, `row`, `kept`, and the `value` that broke the `limit`."""
    measured = pl.struct(rule=pl.lit(rule), value=pl.col("value"), limit=pl.col("limit"))
    return frame.select(
        "id",
        "source",
        pl.lit(stage).alias("stage"),
        "kept",
        pl.when("kept").then(pl.lit([], pl.List(pl.String))).otherwise(pl.concat_list(pl.lit(rule))).alias("reasons"),
        pl.when("kept").then(pl.lit([], _MEASURES)).otherwise(pl.concat_list(measured)).alias("measured"),
        "row_group",
        "row",
    )
