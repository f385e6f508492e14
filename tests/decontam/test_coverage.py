import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from decontam.benchmarks import Benchmark, Item
from tests.decontam.test_policies import judge, share

_TEXT = st.lists(st.sampled_from("abcdef"), min_size=8, max_size=40).map(" ".join)


@settings(max_examples=80, deadline=None)
@given(st.lists(_TEXT, min_size=1, max_size=4), st.lists(_TEXT, min_size=1, max_size=4))
def test_shares_are_what_brute_force_counts(items: list[str], documents: list[str]) -> None:
    benchmark = Benchmark("x", tuple(Item(str(i), text) for i, text in enumerate(items)))
    judged = judge("tulu", documents, benchmark=benchmark)
    came = {
        (d, u): s for d, u, s in zip(judged.document.tolist(), judged.unit.tolist(), judged.share.tolist(), strict=True)
    }
    want = {(d, u): s for d, document in enumerate(documents) for u, unit in enumerate(items)
            if (s := share(document, unit, 8)) > 0}  # fmt: skip
    assert came == want
    assert pa.array(judged.value).equals(
        pa.array([max([s for (e, _), s in want.items() if e == d], default=0.0) for d in range(len(documents))])
    )
