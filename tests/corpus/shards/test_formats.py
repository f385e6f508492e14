"""Exports against the readers of the formats: datatrove's dataset, and Megatron's index as datatrove writes it."""

from pathlib import Path

import numpy as np
import pytest
from datatrove.pipeline.tokens.megatron_tokenizer import MegatronTokenizedFile

from corpus.errors import UserError
from corpus.shards.formats import write
from tests.corpus.shards.streams import stream

LENGTHS = [12, 3, 40, 25, 2, 60, 9]


def test_datatroves_dataset_reads_it(tmp_path: Path) -> None:
    from datatrove.utils.dataset import DatatroveFolderDataset

    made = stream(LENGTHS, n_shards=2)
    write(made, str(tmp_path / "out"), "datatrove", "M")
    dataset = DatatroveFolderDataset(str(tmp_path / "out"), seq_len=10, token_size=2)
    expected = []
    for shard in made.shards:
        tokens = np.asarray(shard.tokens)
        expected += [tokens[i * 11 : (i + 1) * 11].tolist() for i in range(len(tokens) // 11)]
    assert [dataset[i]["input_ids"].tolist() for i in range(len(dataset))] == expected
    ends = np.fromfile(next((tmp_path / "out").glob("00000*.index")), "<u8").tolist()
    assert ends == np.cumsum(LENGTHS[:4]).tolist()


def test_megatrons_files_are_those_that_datatrove_writes(tmp_path: Path) -> None:
    made = stream(LENGTHS, n_shards=3)
    write(made, str(tmp_path / "ours"), "megatron", "M")
    theirs = MegatronTokenizedFile(str(tmp_path / "theirs"), "M")
    start = 0
    for length in LENGTHS:
        tokens = made.tokens(start, start + length)
        theirs.bin_file.write(tokens.astype("<u2").tobytes())
        theirs.sequence_lengths.append(length)
        theirs.document_indices.append(len(theirs.sequence_lengths))
        start += length
    theirs.close()
    for name in ("M.bin", "M.idx"):
        assert (tmp_path / "ours" / name).read_bytes() == (tmp_path / "theirs" / name).read_bytes()


def test_mistakes(tmp_path: Path) -> None:
    made = stream([3])
    with pytest.raises(UserError, match="unknown format 'mosaic'"):
        write(made, str(tmp_path / "out"), "mosaic", "M")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    with pytest.raises(UserError, match="there is something already"):
        write(made, str(tmp_path / "full"), "megatron", "M")
