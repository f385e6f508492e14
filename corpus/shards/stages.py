"""Plans the stage that writes the tokens of a mixture in their training order."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa

from corpus import artifacts
from corpus.errors import UserError
from corpus.lake import Lake
from corpus.mixture.settings import Mixture
from corpus.mixture.stages import slot
from corpus.mixture.steps import CONTENT
from corpus.parts import counts_in
from corpus.shards.layout import read_about
from corpus.shards.tables import SHARDS
from corpus.stage import Context, Stage, output
from corpus.task import All, WorkItem, digest
from corpus.tokenizer import stages as of_tokenizer
from corpus.tokenizer import steps as tokenizer_steps
from corpus.tokenizer.loading import load

VERSION = 1  # raise it when the same mixture and tokens give other files
KIND = "token-shards"  # of artifact


@dataclass(frozen=True, slots=True)
class Maker:
    """Writes the shards of a mixture."""

    lake: Lake
    artifact: artifacts.Artifact
    mixture: Mixture
    tokenizer: str  # key

    def __call__(self) -> None:
        """Makes the artifact, unless the lake has it."""
        artifacts.ensure(self.lake, self.artifact, self._write)

    def _write(self, folder: Path) -> None:
        vocabulary = load(tokenizer_steps.folder(self.lake, self.tokenizer))
        from corpus.shards.writing import Source, write  # kernels, which load a compiler

        source = Source(
            self.lake, self.mixture.name, slot(self.mixture.name), self.mixture.seed, self.tokenizer,
            vocabulary.dtype.__name__, vocabulary.size, vocabulary.end, document_tokens=self.mixture.document_tokens,
        )  # fmt: skip
        # Beside the artifact: of the same size, so on the same disk.
        with artifacts.scratch(folder.parent / "shards") as scratch:
            write(source, folder, scratch)


@dataclass(frozen=True, slots=True)
class ShardsStep:
    """Lists the shards of a mixture."""

    spec_type: ClassVar = All
    lake: Lake
    artifact: artifacts.Artifact
    mixture: str

    def __call__(self, item: WorkItem) -> Iterator[tuple[str, pa.RecordBatch]]:
        """Rows of `shards`."""
        about = read_about(folder(self.lake, self.artifact.key))
        sizes = [*enumerate(zip(about.documents, about.tokens, strict=True))]
        sizes.append((-1, (about.held_out_documents, about.held_out_tokens)))
        rows = [
            {
                "mixture": self.mixture, "artifact": self.artifact.path, "shard": number, "documents": documents,
                "tokens": tokens, "tokenizer": about.tokenizer,
            }
            for number, (documents, tokens) in sizes
        ]  # fmt: skip
        yield "shards", pa.RecordBatch.from_pylist(rows, SHARDS.schema)


def folder(lake: Lake, key: str) -> Path:
    """Returns the folder of token shards on this machine; raises `UserError` if the lake does not have it whole."""
    found = artifacts.find(lake, KIND, key)
    if found is None:
        raise UserError(f"the token shards {key} are lost or damaged; run the command that made them again")
    return found


def shards(context: Context[Mixture]) -> Stage:
    """Plans the token shards of a mixture."""
    lake, mixture = context.lake, context.settings
    tokenizer = of_tokenizer.current(lake)
    inputs = context.contents("tokens") | _of_mixture(lake, mixture.name)
    config: dict[str, Any] = {"tokenizer": tokenizer, "mixture": mixture.name, "seed": mixture.seed}
    if mixture.document_tokens is not None:
        config["document_tokens"] = mixture.document_tokens

    key = digest([config, inputs, VERSION])
    artifact = artifacts.Artifact(
        kind=KIND, key=key, stage=f"shards:{mixture.name}", made_from=config | {"inputs": inputs, "version": VERSION}
    )

    return Stage(
        name=f"shards:{mixture.name}",
        outputs=(output("shards", slot(mixture.name)),),
        config=config | {"shards": key},
        inputs=inputs,
        version=VERSION,
        step=ShardsStep(lake, artifact, mixture.name),
        plan_items=lambda: [WorkItem(digest([key, "rows"]), mixture.name, 1, All())],
        prepare=Maker(lake, artifact, mixture, tokenizer),
        is_prepared=lambda: artifacts.has(lake, KIND, key),
        in_process=True,
        facts={"n_documents": context.n_rows("tokens"), "n_bytes": context.n_bytes("tokens")},
    )


def current(lake: Lake, mixture: str) -> str:
    """Returns the key of a mixture's shards; '' if it has none yet."""
    lineage = lake.current("shards", slot(mixture)) if lake.exists("shards") else None
    return str(lineage.config.get("shards", "")) if lineage else ""


def _of_mixture(lake: Lake, name: str) -> dict[str, Any]:
    """Returns the content of a mixture as an input."""
    return {"mixtures": digest([_of_part(lake, part.path) for part in lake.parts("mixtures", slot(name))])}


def _of_part(lake: Lake, path: str) -> list[Any]:
    return [path, counts_in(lake.open_part("mixtures", path).metadata.metadata).get(CONTENT, 0)]
