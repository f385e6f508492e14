import pyarrow as pa
import pytest

from corpus import schema
from corpus.errors import UserError


@pytest.mark.parametrize("name", list(schema.TABLES))
def test_every_column_says_what_it_means(name: str) -> None:
    assert all(entry["doc"] for entry in schema.describe(schema.TABLES[name].schema))


def test_an_open_ended_table_takes_more_columns_and_others_do_not() -> None:
    extra = pa.field("x", pa.int64())
    schema.check("signals", schema.TABLES["signals"].schema.append(extra))
    with pytest.raises(UserError, match="takes"):
        schema.check("rejects", schema.TABLES["rejects"].schema.append(extra))
