"""The stage families in the order in which they run. Only this module names a family outside the family's folder."""

from corpus.dedup.exact.family import FAMILY as EXACT
from corpus.dedup.near.family import FAMILY as NEAR
from corpus.dedup.repeats.family import PARAGRAPHS, SUBSTRINGS
from corpus.dedup.semantic.family import FAMILY as SEMANTIC
from corpus.family import Family
from corpus.ingest.family import FAMILY as INGEST
from corpus.mixture.family import FAMILY as MIXTURE
from corpus.tokenizer.family import FAMILY as TOKENIZER
from decontam.family import FAMILY as DECONTAM
from eval_suites.family import FAMILY as SCORE
from eval_suites.judges.family import FAMILY as JUDGE
from filters.family import FILTER, SIGNALS
from pomona.ablation.family import FAMILY as ABLATE
from training.family import FAMILY as TRAIN

FAMILIES: tuple[Family, ...] = (
    INGEST, SIGNALS, FILTER, EXACT, NEAR, SEMANTIC, PARAGRAPHS, SUBSTRINGS, DECONTAM, TOKENIZER, MIXTURE, TRAIN,
    SCORE, JUDGE, ABLATE,
)  # fmt: skip
