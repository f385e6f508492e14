"""Tables of judgments."""

import pyarrow as pa

from corpus.schema import Table, column, declare

STUDIES = Table(
    "studies",
    "answers of one or two models that were judged",
    pa.schema(
        [
            column("study", pa.string(), "Id: a hash of the answers, the judge, and everything else that counts"),
            column("name", pa.string(), "Name of the study"),
            column("a", pa.string(), "Model or file whose answers were judged"),
            column("b", pa.string(), "What it was compared with; '' for nothing"),
            column("rater", pa.string(), "Judge"),
            column("mode", pa.string(), "pairs, grades or summaries"),
            column("seconds", pa.float64(), "Seconds of answering and judging"),
            column("manifest", pa.string(), "Everything that the verdicts depend on, as JSON"),
        ]
    ),
)

JUDGED = Table(
    "judged",
    "a prompt with the answers that were judged",
    pa.schema(
        [
            column("study", pa.string(), "Id of the study"),
            column("item", pa.int64(), "Number of the prompt"),
            column("prompt", pa.string(), "Prompt"),
            column("answer_a", pa.string(), "Answer of a"),
            column("answer_b", pa.string(), "Answer of b; null without one", nullable=True),
        ]
    ),
)

JUDGEMENTS = Table(
    "judgements",
    "a verdict of a rater on the answers to a prompt",
    pa.schema(
        [
            column("study", pa.string(), "Id of the study"),
            column("item", pa.int64(), "Number of the prompt"),
            column("rater", pa.string(), "Who judged"),
            column("shown", pa.string(), "What the rater saw, in order: ab, ba, a or b"),
            column("dimension", pa.string(), "What it was about, of a summary; '' for the whole answer"),
            column("preference", pa.float64(), "From 0 (b is better) to 1 (a is better); 1/2 is a tie; null of a "
                   "grade, and if the verdict could not be read", nullable=True),
            column("grade", pa.float64(), "Grade, 1 to 10; of a summary 0 (poor), 1 or 2 (good); null of a pair, and "
                   "if the verdict could not be read", nullable=True),
            column("text", pa.string(), "What the rater wrote; '' where only likelihoods were asked for"),
        ]
    ),
)  # fmt: skip
TABLES = declare(STUDIES, JUDGED, JUDGEMENTS)
