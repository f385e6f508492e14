"""Tables of ablations."""

import pyarrow as pa

from corpus.schema import Table, column, declare

ABLATIONS = Table(
    "ablations",
    "a study: variants that were trained with several seeds and measured alike",
    pa.schema(
        [
            column("study", pa.string(), "Id: a hash of the definition and of the corpus that it was made on"),
            column("name", pa.string(), "Name of the study"),
            column("baseline", pa.string(), "Variant that the others are compared with"),
            column("definition", pa.string(), "Settings of the study, as JSON"),
            column("variants", pa.string(), "What each variant is, in order, as JSON"),
            column("points", pa.string(), "Weights and seeds of the runs of a search, in order, as JSON"),
            column("branch", pa.string(), "Folder below the lake with the lakes that its runs are in"),
            column("runs", pa.int64(), "Runs that were trained"),
            column("seconds", pa.float64(), "Seconds of all runs, one after the other"),
        ]
    ),
)

_OF_RUN = [
    column("study", pa.string(), "Id of the study"),
    column("variant", pa.string(), "Name of the variant"),
    column("model", pa.string(), "Size of the model"),
    column("seed", pa.int64(), "Seed of the study; a variant that is the same as another one trains with others"),
    column("metric", pa.string(), "What was measured, e.g. bits_per_byte:books, or offline/pomona_grammar:acc"),
]

ABLATION_VALUES = Table(
    "ablation_values",
    "a metric of a run of a study, at its end or at one of the checkpoints before",
    pa.schema(
        [
            *_OF_RUN,
            column("run", pa.string(), "Id of the run, in the lake of its variant"),
            column("flops", pa.float64(), "FLOPs of the run, its teacher and the runs before it"),
            column("before_end", pa.int64(), "Which checkpoint, counted from the end: 0 is the last one"),
            column("value", pa.float64(), "Value of the metric"),
            column("higher_is_better", pa.bool_(), "Whether more is better"),
            column("is_ratio", pa.bool_(), "Whether it is a sum of values over a sum of weights"),
        ]
    ),
)

ABLATION_ITEMS = Table(
    "ablation_items",
    "what an item of a metric came to in a run of a study: a held-out document, or an item of a task",
    pa.schema(
        [
            *_OF_RUN,
            column("id", pa.string(), "Id of the document, or number of the item"),
            column("cluster", pa.string(), "What items share that are drawn together; '' if they are independent"),
            column("value", pa.float64(), "Bits of the document, or score of the item"),
            column("weight", pa.float64(), "Bytes of the document; 1 for a score"),
        ]
    ),
)
TABLES = declare(ABLATIONS, ABLATION_VALUES, ABLATION_ITEMS)
