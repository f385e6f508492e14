"""Rows of `decisions`: what a stage with one rule decided on each document, with measured value and limit."""

import polars as pl

_MEASURES = pl.List(pl.Struct({"rule": pl.String, "value": pl.Float64, "limit": pl.Float64}))


def decisions(frame: pl.DataFrame, stage: str, rule: str) -> pl.DataFrame:
    """Returns rows of `decisions`.

    The frame has `id`, `source`, `row_group`, `row`, `kept`, and the `value` that broke the `limit`.
    """
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
