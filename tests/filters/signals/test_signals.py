import math

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filters import signals
from tests.corpus.text.strategies import texts
from tests.filters.signals import reference

PROSE = (
    "The quick brown fox jumps over the lazy dog, and the dog does not mind. It has seen foxes before!\n"
    "Would you have believed that? The fox would.\n\nThe quick brown fox jumps over the lazy dog, and the dog sleeps.\n"
    "- a list\n- of items...\n"
)


@pytest.mark.parametrize("family", list(reference.FAMILIES))
@settings(max_examples=150, deadline=None)
@given(documents=st.lists(texts, min_size=1, max_size=4))
def test_every_family_agrees_with_plain_python(family: str, documents: list[str]) -> None:
    module = signals.families()[family]
    [batch] = signals._batches(pa.array(documents, pa.large_string()))
    arrays = dict(zip((s.name for s in module.SIGNALS), module.measure(batch), strict=True))
    for d, text in enumerate(documents):
        for name, want in reference.FAMILIES[family](text).items():
            came = arrays[name][d].as_py() if isinstance(arrays[name], pa.Array) else arrays[name][d]
            if isinstance(want, str):
                assert came == want
            else:
                assert math.isclose(came, want, rel_tol=1e-12, abs_tol=1e-12), (name, text, came, want)


def measured(*documents: str) -> pl.DataFrame:
    frame = pl.from_arrow(signals.measure(pa.array(documents, pa.large_string())))
    assert isinstance(frame, pl.DataFrame)
    return frame


def test_the_table_has_one_typed_documented_column_a_signal() -> None:
    frame = measured(PROSE)
    assert frame.columns == list(signals.signals())
    schema = signals.table_schema()
    assert schema.names == ["id", "source", "row_group", "row", *frame.columns]
    assert all(field.metadata[b"doc"] for field in schema)
    assert all(signal.source for signal in signals.signals().values())


def test_a_document_measures_the_same_alone_in_a_batch_and_in_a_slice(monkeypatch: pytest.MonkeyPatch) -> None:
    documents = [PROSE, "", "short", PROSE * 40, "ünïcode 中文 🙂"]
    whole = measured(*documents)
    assert whole.equals(pl.concat([measured(d) for d in documents]))
    array = pa.array(["before", *documents], pa.large_string()).slice(1)
    sliced = pl.from_arrow(signals.measure(array))
    assert isinstance(sliced, pl.DataFrame)
    assert whole.equals(sliced)
    monkeypatch.setattr(signals, "BATCH_BYTES", 10)
    assert whole.equals(measured(*documents))


def test_chunked_arrays_and_no_documents() -> None:
    assert signals.measure(pa.chunked_array([[PROSE], [PROSE]], pa.large_string())).num_rows == 2
    assert signals.measure(pa.array([], pa.large_string())).num_rows == 0


def test_an_empty_text_has_finite_numbers() -> None:
    row = measured("").row(0, named=True)
    assert all(math.isfinite(value) for value in row.values() if isinstance(value, float))


def test_repetition_compresses_and_noise_does_not() -> None:
    import random

    noise = "".join(random.Random(1).choices("abcdefghijklmnopqrstuvwxyz0123456789", k=5000))
    repeated, random_ = measured("the same words again " * 250, noise)["compression_ratio"]
    assert repeated > 50
    assert 1.0 < random_ < 1.8


def test_compression_is_that_of_zstd_without_its_frame() -> None:
    import zstandard

    text = PROSE * 10
    frame = len(
        zstandard.ZstdCompressor(level=1, write_checksum=False, write_content_size=False).compress(text.encode())
    )
    assert measured(text)["compression_ratio"][0] == pytest.approx(len(text.encode()) / (frame - 9), rel=0.05)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (PROSE, "en"),
        ("Der Hund schläft unter dem Tisch, und niemand möchte ihn wecken.", "de"),
        ("Le chien dort sous la table et personne ne veut le réveiller.", "fr"),
        ("これは日本語の文章です。", "ja"),
        ("", "und"),
        (" \n" * 800 + PROSE, "en"),
        ("MY FRIEND IS A BIRD", "en"),
        ("DER HUND SCHLÄFT UNTER DEM TISCH, UND NIEMAND MÖCHTE IHN WECKEN.", "de"),
        (
            "Home About Contact Products Services News Blog Login " * 19
            + "Der Hund schläft unter dem Tisch, und niemand möchte ihn wecken. " * 60,
            "de",
        ),
    ],
)
def test_languages(text: str, language: str) -> None:
    row = measured(text).row(0, named=True)
    assert row["language"] == language
    assert 0.0 <= row["language_probability"] <= 1.0


def test_texts_that_differ_in_case_and_white_space_share_a_hash() -> None:
    hashes = measured("Some  Text\n", "some text", "some texts", " SOME\tTEXT ")["text_hash"].to_list()
    assert hashes[0] == hashes[1] == hashes[3] != hashes[2]


def test_nulls_are_refused() -> None:
    with pytest.raises(TypeError, match="nulls"):
        signals.measure(pa.array(["a", None], pa.large_string()))
