"""Tables of training runs."""

import pyarrow as pa

from corpus.schema import Table, column, declare

RUNS = Table(
    "runs",
    "a training run: what it started from, what it read, and what came out",
    pa.schema(
        [
            column("run", pa.string(), "Id of the run: a hash of everything that its result depends on"),
            column("name", pa.string(), "Name of the run"),
            column("kind", pa.string(), "What was done: train, prune, distill or prune+distill"),
            column("stage", pa.string(), "Stage of pre-training: core, continued, long_context"),
            column("checkpoint", pa.string(), "Folder of the model, below the lake"),
            column("after", pa.string(), "Id of the run that it started from; '' for none"),
            column("teacher", pa.string(), "Id of its teacher's run, or a hash of the teacher's files; '' for none"),
            column("model", pa.string(), "Size, or folder, that it started from; '' if it started from a run"),
            column("mixture", pa.string(), "Mixture that it read"),
            column("shards", pa.string(), "Key of the token shards that it read"),
            column("tokenizer", pa.string(), "Key of the tokenizer"),
            column("packing", pa.string(), "Key of the packing; '' if sequences follow one another without gaps"),
            column("sequence_length", pa.int64(), "Tokens of a sequence"),
            column("sequences", pa.int64(), "Sequences that it read: the first ones of the packing"),
            column("steps", pa.int64(), "Steps of the optimizer"),
            column("skipped_steps", pa.int64(), "Steps that were left out because the gradients were too large"),
            column("tokens", pa.int64(), "Tokens that it read, those without a target included; empty slots are none"),
            column("targets", pa.int64(), "Tokens that it learned to predict"),
            column("parameters", pa.int64(), "Weights, without the embedding"),
            column("embedding_parameters", pa.int64(), "Weights of the embedding"),
            column("settings", pa.string(), "All settings of the run, as JSON"),
            column("loss", pa.float64(), "Mean loss of the last tenth of its steps, in nats per token"),
            column("held_out_loss", pa.float64(), "Mean loss on held-out documents, nats per token; null without any",
                   nullable=True),
            column("bits_per_byte", pa.float64(), "The same in bits per byte of text", nullable=True),
            column("seconds", pa.float64(), "Seconds of training, all runs of the command together"),
            column("tokens_per_second", pa.float64(), "Tokens in a second of whole steps"),
            column("flops", pa.float64(), "FLOPs of its matrix products and its teacher's, of empty slots, too"),
            column("device", pa.string(), "Device, number of processes and precision"),
        ]
    ),
)  # fmt: skip

RUN_LOSSES = Table(
    "run_losses",
    "a loss of a run at some step: on what it trains on, or on the held-out documents of a group",
    pa.schema(
        [
            column("run", pa.string(), "Id of the run"),
            column("step", pa.int64(), "Steps taken before it was measured"),
            column("tokens", pa.int64(), "Tokens read before it was measured"),
            column("group", pa.string(), "Group of the mixture; '' for the training loss"),
            column("loss", pa.float64(), "Nats per token"),
            column("bits_per_byte", pa.float64(), "Bits per byte of text; null for the training loss", nullable=True),
            column("n", pa.int64(), "Tokens that it is the mean of"),
        ]
    ),
)
TABLES = declare(RUNS, RUN_LOSSES)
