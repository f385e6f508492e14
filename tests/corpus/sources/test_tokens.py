"""Files of tokens: what datatrove and Megatron's writer wrote comes back as the same texts; damage is a reject."""

import json
import struct
from pathlib import Path

import numpy as np
import pytest
from datatrove.data import Document
from datatrove.pipeline.tokens import DocumentTokenizer
from datatrove.pipeline.tokens.megatron_tokenizer import MegatronTokenizedFile

from corpus.lake import Lake
from corpus.records import Reject
from corpus.sources import tokens
from corpus.sources.files import File
from corpus.tokenizer.learning import learn
from corpus.tokenizer.loading import Vocabulary, load
from pomona.cli import main

TEXTS = [
    "One text.",
    "",
    "Zwei Wörter, 日本語 und 😀\n\n  def f(x):\n\treturn 2025",
    "<|endoftext|> is plain text",
    "last " * 50,
]


@pytest.fixture(scope="module")
def vocabulary(tmp_path_factory: pytest.TempPathFactory) -> Vocabulary:
    folder = tmp_path_factory.mktemp("tokenizer")
    learn(TEXTS * 3, 600, folder, fewer=True)
    return load(folder)


def encoded(vocabulary: Vocabulary) -> list[list[int]]:
    return [[*vocabulary.tokenizer.encode(text).ids, vocabulary.end] for text in TEXTS]


def datatrove(folder: Path, vocabulary: Vocabulary) -> File:
    """As datatrove's step writes it; it leaves empty texts out."""
    step = DocumentTokenizer(
        str(folder), str(vocabulary.folder / "tokenizer.json"), eos_token="<|endoftext|>", shuffle_documents=False
    )
    list(step.run(iter([Document(text=text, id=str(i)) for i, text in enumerate(TEXTS)]), rank=0, world_size=1) or ())
    (path,) = folder.glob("*.ds")
    return File(str(path), path.stat().st_size)


def megatron(folder: Path, vocabulary: Vocabulary) -> File:
    """A document of two sequences among others."""
    written = MegatronTokenizedFile(str(folder), "m")
    for number, ids in enumerate(encoded(vocabulary)):
        for part in (ids[:2], ids[2:]) if number == 2 else (ids,):
            written.bin_file.write(np.array(part, "<u2").tobytes())
            written.sequence_lengths.append(len(part))
        written.document_indices.append(len(written.sequence_lengths))
    written.close()
    return File(str(folder / "m.bin"), (folder / "m.bin").stat().st_size)


def read(
    file: File, vocabulary: Vocabulary, n_bytes: int = 1 << 30, most: int = 1 << 20
) -> tuple[list[str], list[Reject]]:
    options = {"tokenizer": str(vocabulary.folder), "max_record_bytes": most}
    texts: list[str] = []
    rejects: list[Reject] = []
    for span in tokens.cut(file, n_bytes):
        for found in tokens.read(file, span, options):
            rejects += [found] if isinstance(found, Reject) else []
            texts += [] if isinstance(found, Reject) else found["text"].to_pylist()
    return texts, rejects


def test_datatroves_files_come_back_as_texts(tmp_path: Path, vocabulary: Vocabulary) -> None:
    file = datatrove(tmp_path, vocabulary)
    expected = [text for text in TEXTS if text]
    for n_bytes in (1, 40, 1 << 30):
        texts, rejects = read(file, vocabulary, n_bytes)
        assert ([text for text in texts if text], rejects) == (expected, [])
    Path(f"{file.path}.metadata").unlink()  # then the sizes of both files say how many bytes a token has
    assert [text for text in read(file, vocabulary)[0] if text] == expected


def test_megatrons_files_come_back_as_texts(tmp_path: Path, vocabulary: Vocabulary) -> None:
    file = megatron(tmp_path, vocabulary)
    for n_bytes in (1, 40, 1 << 30):
        assert read(file, vocabulary, n_bytes) == (TEXTS, [])


def test_a_range_has_about_so_many_bytes(tmp_path: Path, vocabulary: Vocabulary) -> None:
    file = megatron(tmp_path, vocabulary)
    spans = tokens.cut(file, 40)
    assert len(spans) > 1
    assert [at for span in spans if span for at in range(*span)] == list(range(len(TEXTS)))


def test_what_cannot_be_decoded_is_a_reject(tmp_path: Path, vocabulary: Vocabulary) -> None:
    file = megatron(tmp_path, vocabulary)
    raw = np.fromfile(file.path, "<u2")
    raw[0] = vocabulary.size
    raw.tofile(file.path)
    texts, (reject,) = read(file, vocabulary)
    assert texts == TEXTS[1:]
    assert (reject.position, reject.reason, reject.uri) == ("0", "corrupt", f"{file.uri}#0")
    assert str(vocabulary.size) in reject.detail
    _, rejects = read(file, vocabulary, most=40)
    assert "too_large" in {reject.reason for reject in rejects}


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda idx, bin_: idx.write_bytes(b"PK"), "none of Megatron-LM's"),
        (lambda idx, bin_: idx.write_bytes(idx.read_bytes()[:40]), "cut off"),
        (lambda idx, bin_: idx.unlink(), "No such file"),
        (lambda idx, bin_: bin_.write_bytes(bin_.read_bytes()[:10]), "more than the 10 bytes"),
        (lambda idx, bin_: idx.write_bytes(tokens.HEADER + struct.pack("<QBQQ", 2, 8, 0, 1) + bytes(8)), "version 2"),
        (lambda idx, bin_: idx.write_bytes(tokens.HEADER + struct.pack("<QBQQ", 1, 8, 2**60, 1)), "cut off"),
    ],
)
def test_an_index_is_not_trusted(tmp_path: Path, vocabulary: Vocabulary, damage: object, words: str) -> None:
    path = megatron(tmp_path, vocabulary).path
    damage(tmp_path / "m.idx", Path(path))  # type: ignore[operator]
    texts, (reject,) = read(File(path, Path(path).stat().st_size), vocabulary, 1)
    assert texts == []
    assert (reject.reason, words in reject.detail) == ("corrupt", True), reject.detail


def test_an_index_that_runs_backward_is_refused(tmp_path: Path, vocabulary: Vocabulary) -> None:
    file = datatrove(tmp_path, vocabulary)
    ends = np.fromfile(f"{file.path}.index", "<u8")
    ends[[0, 1]] = ends[[1, 0]]
    ends.tofile(f"{file.path}.index")
    assert "overlap" in read(file, vocabulary)[1][0].detail


def test_a_source_of_tokens(tmp_path: Path, vocabulary: Vocabulary, capsys: pytest.CaptureFixture[str]) -> None:
    megatron(tmp_path, vocabulary)
    lake, path = f"{tmp_path}/lake", f"{tmp_path}/m.bin"
    ingest = ["ingest", path, "--source", "old", "--lake", lake, "--workers", "1", "--kind", "tokens"]
    assert main([*ingest, "--tokenizer", str(vocabulary.folder), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"]["documents"] == 4
    stored = Lake(lake).scan("documents").collect()
    assert sorted(stored["text"]) == sorted(text for text in TEXTS if text)
    assert all(uri.startswith(f"{path}#") for uri in stored["uri"])

    assert main(ingest) == 2
    assert "kind tokens needs the tokenizer that made them" in capsys.readouterr().err
    assert main([*ingest, "--tokenizer", f"{tmp_path}/nothing"]) == 2
    assert "there is no such file or folder" in capsys.readouterr().err
