"""Imports of every worker process, done once in the server that forks them. Libraries only: nothing runs here."""

import datatrove.executor.local  # noqa: F401
import deltalake  # noqa: F401
import numba  # noqa: F401
import polars  # noqa: F401
import pyarrow.parquet  # noqa: F401
