"""Tables of scores."""

import pyarrow as pa

from corpus.schema import Table, column, declare

RESPONSES = Table(
    "responses",
    "an answer of a model to a request; rows are only added, and what was answered is not asked for again",
    pa.schema(
        [
            column("model", pa.string(), "Stands for the model with its precision and context length"),
            column("request", pa.string(), "128-bit hash of the request"),
            column("kind", pa.string(), "loglikelihood, loglikelihood_rolling or generate_until"),
            column("log_likelihood", pa.float64(), "Nats, of all tokens of the continuation; null for a text",
                   nullable=True),
            column("is_greedy", pa.bool_(), "Whether the continuation is what the model would write", nullable=True),
            column("text", pa.string(), "The text that was generated", nullable=True),
            column("n_tokens", pa.int64(), "Tokens that were scored or written"),
            column("is_cut", pa.bool_(), "Whether the beginning of the prompt did not fit into the model's context"),
        ]
    ),
    by_stages=False,
)  # fmt: skip
TABLES = declare(RESPONSES)
