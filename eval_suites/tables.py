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

SCORE_RUNS = Table(
    "score_runs",
    "a model that was scored on a suite",
    pa.schema(
        [
            column("score", pa.string(), "Id: a hash of the model, the suite, and everything else that counts"),
            column("name", pa.string(), "Name of the score"),
            column("model", pa.string(), "Model as it was named: a run, or a folder"),
            column("model_key", pa.string(), "Stands for the model with its precision and context length"),
            column("run", pa.string(), "Training run whose checkpoint it is; '' for none of this lake"),
            column("tokens", pa.int64(), "Tokens that it was trained on, earlier runs included; null if unknown",
                   nullable=True),
            column("suite", pa.string(), "Suite; '-' for tasks that a command named"),
            column("suite_version", pa.int32(), "Version of the suite"),
            column("requests", pa.int64(), "Requests of all tasks"),
            column("reused", pa.int64(), "Requests that had been answered before"),
            column("cut", pa.int64(), "Requests whose beginning did not fit into the model's context"),
            column("seconds", pa.float64(), "Seconds of answering"),
            column("manifest", pa.string(), "Everything that the numbers depend on, as JSON"),
        ]
    ),
)  # fmt: skip

SCORES = Table(
    "scores",
    "a score of a model on a task by one metric, with its interval",
    pa.schema(
        [
            column("score", pa.string(), "Id of the score run"),
            column("task", pa.string(), "Task, or group of tasks"),
            column("group", pa.string(), "Group that the task was asked for in; '' for none"),
            column("metric", pa.string(), "Metric"),
            column("split", pa.string(), "Items that it is about: all; clean and touched, by the training data; gap: "
                   "the score of touched items minus that of clean ones"),
            column("value", pa.float64(), "The score"),
            column("low", pa.float64(), "Lower end of its 95% interval"),
            column("high", pa.float64(), "Upper end"),
            column("standard_error", pa.float64(), "Standard error"),
            column("n", pa.int64(), "Items"),
            column("n_clusters", pa.int64(), "Independent groups of items; as many as items if none share a passage"),
            column("is_primary", pa.bool_(), "Whether it is the metric of the task that counts in the suite"),
            column("higher_is_better", pa.bool_(), "Whether more is better"),
            column("baseline", pa.float64(), "What guessing scores by the primary metric"),
            column("shots", pa.int32(), "Examples before the question"),
            column("task_version", pa.string(), "Version of the task"),
            column("prompt_hash", pa.string(), "Hash of all rendered prompts"),
            column("unparsed", pa.float64(), "Share of answers that could not be read; null if all can",
                   nullable=True),
        ]
    ),
)  # fmt: skip

ITEM_SCORES = Table(
    "item_scores",
    "what a model scored on an item by one metric",
    pa.schema(
        [
            column("score", pa.string(), "Id of the score run"),
            column("task", pa.string(), "Task"),
            column("metric", pa.string(), "Metric"),
            column("item", pa.int64(), "Number of the item in its data set"),
            column("cluster", pa.string(), "What the item shares with others, e.g. a passage; '' for nothing"),
            column("value", pa.float64(), "Score of the item; of a ratio, the numerator"),
            column("weight", pa.float64(), "Of a ratio, the denominator; else 1"),
            column("is_ratio", pa.bool_(), "Whether the score is a sum of values over a sum of weights"),
            column("touched", pa.bool_(), "Whether the model's training data touch the item; null if nobody looked",
                   nullable=True),
        ]
    ),
)  # fmt: skip

ANSWERS = Table(
    "answers",
    "what a model answered to an item",
    pa.schema(
        [
            column("score", pa.string(), "Id of the score run"),
            column("task", pa.string(), "Task"),
            column("item", pa.int64(), "Number of the item in its data set"),
            column("prompt", pa.string(), "The prompt; a long one without its beginning"),
            column("target", pa.string(), "The right answer"),
            column("answer", pa.string(), "The model's answer"),
            column("log_likelihoods", pa.list_(pa.float64()), "Nats of each choice; empty for a generated text"),
        ]
    ),
)
TABLES = declare(RESPONSES, SCORE_RUNS, SCORES, ITEM_SCORES, ANSWERS)
