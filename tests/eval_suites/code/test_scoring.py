"""pass@k against all subsets, and answers that are run with their tests."""

import math
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval_suites.code import scoring


@given(st.integers(1, 9).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n), st.integers(1, n))))
def test_pass_at_k_is_the_share_of_subsets_with_a_pass(case: tuple[int, int, int]) -> None:
    n, passed, k = case
    subsets = list(combinations(range(n), k))
    expected = sum(any(i < passed for i in one) for one in subsets) / len(subsets)
    assert scoring.pass_at_k(n, passed, k) == pytest.approx(expected)


def test_pass_at_k_of_many_samples_is_exact() -> None:
    assert scoring.pass_at_k(1000, 3, 100) == pytest.approx(1 - math.comb(997, 100) / math.comb(1000, 100))
    with pytest.raises(ValueError, match="needs at least 5 samples"):
        scoring.pass_at_k(4, 2, 5)


def test_samples_are_run_with_the_tests_of_their_document() -> None:
    documents = [{"want": 3}, {"want": 4}]
    responses = [["x = 3", "x = 4", "x ="], ["x = 4", "x = 4", "x = 1 / 0"]]
    ran = scoring.run_all(responses, documents, lambda document, text: f"{text}\nassert x == {document['want']}")
    assert [[one.outcome.ending for one in each] for each in ran] == [
        ["passed", "wrong", "syntax"], ["passed", "passed", "error"],
    ]  # fmt: skip
    assert ran[0] == responses[0]
    first, second = (scoring.score(each) for each in ran)
    assert (first["pass@1"], first["wrong"], first["syntax"]) == pytest.approx((1 / 3, 1 / 3, 1 / 3))
    assert (second["pass@1"], second["error"], "pass@10" in second) == (
        pytest.approx(2 / 3),
        pytest.approx(1 / 3),
        False,
    )
