"""Texts to tokens: the kernel beside the `tokenizers` library, and whole steps beside datatrove's tokenizer step.

Both sides use the same tokenizer, learned on the same pages, on the same texts: the library of this Python, several times
over in different files, so that the work takes some seconds. Whole steps run with two workers, from documents to shuffled
files of tokens: ours are the stages `encode`, `mix` and `shards` of a lake; the peer's is DocumentTokenizer with its
shuffle, as datatrove's examples have it.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from benchmarks.claims import Claim, best, claim, named, one_core
from corpus.tokenizer.encoding import Encoder
from corpus.tokenizer.learning import learn
from corpus.tokenizer.loading import load

_WORKERS = 2
_FILES = 8  # of raw documents, so that both sides have work for each worker
_BYTES = 160_000_000
_PEER = """
import sys
from datatrove.executor.local import LocalPipelineExecutor
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.tokens import DocumentTokenizer
if __name__ == "__main__":
    source, tokenizer, out = sys.argv[1:4]
    steps = [
        JsonlReader(source),
        DocumentTokenizer(out, tokenizer, local_working_dir=f"{out}/work", eos_token="<|endoftext|>", seed=1),
    ]
    LocalPipelineExecutor(pipeline=steps, tasks=8, workers=2, logging_dir=f"{out}/logs", skip_completed=False).run()
"""


def run(path: Path | None) -> Iterator[Claim]:
    """One core, then whole steps with two workers."""
    from corpus.sources.python import find

    texts = []
    for file in find("library"):
        with file.open() as stream:
            texts.append(stream.read().decode("utf-8", "replace"))
    texts = [text for text in texts if text]
    with tempfile.TemporaryDirectory(prefix="tokenizing-") as folder:
        root = Path(folder)
        (root / "tokenizer").mkdir()
        learn(texts[::2], 16_384, root / "tokenizer")
        yield _kernel(texts, root / "tokenizer")
        yield _whole(texts, root)


def _kernel(texts: list[str], folder: Path) -> Claim:
    """The library's batches against the encoder, each on one core."""
    arrow = pa.array(texts, pa.large_string())
    n_bytes = sum(len(text.encode()) for text in texts)
    encoder = Encoder(load(folder))
    encoder(arrow)
    script = (
        "import sys, time; from corpus.tokenizer.loading import load; from corpus.sources.python import find\n"
        "t = load(sys.argv[1]).tokenizer\n"
        "texts = [x for x in (f.open().read().decode('utf-8', 'replace') for f in find('library')) if x]\n"
        "seconds = []\n"
        "for _ in range(2):\n"
        "    began = time.perf_counter(); t.encode_batch_fast(texts, add_special_tokens=False)\n"
        "    seconds.append(time.perf_counter() - began)\n"
        "print(min(seconds))"
    )
    with one_core():
        ours = n_bytes / 1e6 / best(lambda: encoder(arrow))
        single = os.environ | {"RAYON_NUM_THREADS": "1"}
        said = subprocess.run([sys.executable, "-c", script, str(folder)], env=single, capture_output=True, check=True)
    theirs = n_bytes / 1e6 / float(said.stdout)
    note = "one core, pieces known after a first pass; equal tokens by tests"
    return claim("tokenizing.kernel", ours, theirs, named("tokenizers"), "MB/s", 3.0, note)


def _whole(texts: list[str], root: Path) -> Claim:
    """From documents to shuffled files of tokens, with two workers."""
    source, n_bytes = _write(texts, root / "raw")
    ours, theirs = [], []
    lake = _lake(source, root)
    for turn in range(2):
        theirs.append(_peer(source, root / "tokenizer", root / f"peer-{turn}"))
        ours.append(_ours(lake, turn))
    note = f"{n_bytes / 1e6:.0f} MB, 2 workers, start of processes included; ours also mixes and holds documents out"
    return claim(
        "tokenizing.whole",
        n_bytes / 1e6 / min(ours),
        n_bytes / 1e6 / min(theirs),
        named("datatrove"),
        "MB/s",
        3.0,
        note,
    )


def _write(texts: list[str], folder: Path) -> tuple[Path, int]:
    """Writes the texts as JSON Lines, again and again under other names, until there are enough."""
    folder.mkdir()
    n_bytes, copy = 0, 0
    files = [open(folder / f"{i}.jsonl", "w") for i in range(_FILES)]  # noqa: SIM115
    while n_bytes < _BYTES:
        for i, text in enumerate(texts):
            files[i % _FILES].write(json.dumps({"text": f"# {copy}.{i}\n{text}", "id": f"{copy}.{i}"}) + "\n")
            n_bytes += len(text.encode())
        copy += 1
    for file in files:
        file.close()
    return folder, n_bytes


def _lake(source: Path, root: Path) -> Path:
    """A lake that has the documents and the tokenizer, and no tokens yet."""
    lake = root / "lake"
    for command in (
        ["ingest", "--source", "x", *map(str, sorted(source.iterdir()))],
        ["signals"],
        ["tokenizer", "train", "--path", str(root / "tokenizer")],
    ):
        _pomona(command, lake)
    return lake


def _ours(lake: Path, turn: int) -> float:
    """Seconds of the stages from documents to shards, with nothing of an earlier turn."""
    for table in ("tokens", "mixtures", "shards"):
        subprocess.run(["rm", "-rf", str(lake / table)], check=True)
    subprocess.run(["rm", "-rf", str(lake / "artifacts" / "token-shards")], check=True)
    started = time.perf_counter()
    _pomona(["mix", "--name", "all", "--seed", "1", "--workers", str(_WORKERS)], lake)
    _pomona(["tokenize", "--mixture", "all", "--workers", str(_WORKERS)], lake)
    return time.perf_counter() - started


def _peer(source: Path, tokenizer: Path, out: Path) -> float:
    started = time.perf_counter()
    arguments = [str(source), str(tokenizer / "tokenizer.json"), str(out)]
    subprocess.run([sys.executable, "-c", _PEER, *arguments], check=True, capture_output=True)
    return time.perf_counter() - started


def _pomona(arguments: list[str], lake: Path) -> None:
    command = [sys.executable, "-m", "pomona", *arguments, "--lake", str(lake)]
    subprocess.run(command, check=True, capture_output=True)
