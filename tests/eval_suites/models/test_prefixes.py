"""The plan against its meaning: each target is asked for once, by a token that sees its own sequence and nothing else."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval_suites.models.prefixes import Crop, Extend, Query, Row, Step, steps, tokens_read


def follow(plan: list[Step], budget: int) -> Counter[tuple[int, tuple[int, ...], int]]:
    """Takes the steps with a plain stack; returns (sequence, the tokens that are seen, target) of all targets."""
    stack: list[int] = []
    asked: Counter[tuple[int, tuple[int, ...], int]] = Counter()
    for step in plan:
        if isinstance(step, Crop):
            stack = stack[: step.depth]
            continue
        assert step.depth == len(stack)
        assert 0 < len(step.ids_N) <= budget
        if isinstance(step, Extend):
            before = len(stack)
            stack += step.ids_N.tolist()
            paths = [tuple(stack[: before + n + 1]) for n in range(len(step.ids_N))]
        else:
            paths = []
            blocks = {n: block for block in step.blocks for n in range(block.start, block.end)}
            assert sorted(blocks) == list(range(len(step.ids_N)))
            for n, block in sorted(blocks.items()):
                seen = block.start + np.flatnonzero(block.sees_LL[n - block.start])
                assert seen[-1] == n
                assert step.positions_N[seen].tolist() == list(range(len(stack), len(stack) + len(seen)))
                paths.append((*stack, *step.ids_N[seen].tolist()))
        wanted = step.wanted
        assert len(set(wanted.tokens_K.tolist())) == len(wanted.tokens_K)
        for of_row, target, sequence in zip(wanted.logits_T, wanted.targets_T, wanted.sequences_T, strict=True):
            asked[int(sequence), paths[wanted.tokens_K[of_row]], int(target)] += 1
    return asked


def meant(queries: list[Query]) -> Counter[tuple[int, tuple[int, ...], int]]:
    return Counter(
        (number, tuple(query.ids[: query.first + n + 1].tolist()), int(target))
        for number, query in enumerate(queries)
        for n, target in enumerate(query.targets)
    )


def query(ids: list[int], n_targets: int) -> Query:
    targets = np.arange(100, 100 + n_targets, dtype=np.int32)
    return Query(np.array(ids, np.int32), targets)


@settings(max_examples=300)
@given(st.data())
def test_each_target_is_asked_for_once_with_its_own_sequence(data: st.DataObject) -> None:
    prefixes = data.draw(st.lists(st.lists(st.integers(0, 2), max_size=40), min_size=1, max_size=4))
    queries = []
    for _ in range(data.draw(st.integers(1, 12))):
        ids = data.draw(st.sampled_from(prefixes)) + data.draw(st.lists(st.integers(0, 2), min_size=1, max_size=10))
        queries.append(query(ids, data.draw(st.integers(1, len(ids)))))
    budget = data.draw(st.integers(1, 60))
    assert follow(list(steps(queries, budget)), budget) == meant(queries)


def test_few_shot_examples_are_read_once_and_choices_share_their_question() -> None:
    generator = np.random.default_rng(0)
    examples = generator.integers(0, 1000, 500).tolist()
    queries, unshared = [], 500
    for _ in range(40):
        question = generator.integers(0, 1000, 30).tolist()
        queries += [query(examples + question + generator.integers(0, 1000, 4).tolist(), 4) for _ in range(4)]
        unshared += 30 + 4 * 4
    assert tokens_read(queries, 256) <= unshared
    kinds = Counter(type(step).__name__ for step in steps(queries, 256))
    assert kinds == {"Extend": 2, "Row": -(-(unshared - 500) // 230), "Crop": 1}
    assert follow(list(steps(queries, 256)), 256) == meant(queries)


def test_subjects_have_a_stack_each() -> None:
    generator = np.random.default_rng(1)
    queries = []
    for _ in range(3):
        examples = generator.integers(0, 1000, 300).tolist()
        queries += [query(examples + generator.integers(0, 1000, 50).tolist(), 1) for _ in range(20)]
    plan = list(steps(queries, 200))
    assert follow(plan, 200) == meant(queries)
    assert tokens_read(queries, 200) == 3 * (300 + 20 * 50)


def test_a_long_sequence_is_read_in_pieces() -> None:
    long = query(np.random.default_rng(2).integers(0, 50, 1000).tolist(), 700)
    plan = list(steps([long], 128))
    assert follow(plan, 128) == meant([long])
    assert tokens_read([long], 128) == 1000
    assert max(len(step.ids_N) for step in plan if isinstance(step, Row)) <= 128


def test_the_same_sequence_twice_is_read_once() -> None:
    ids = list(range(90))
    queries = [query(ids, 3), query(ids, 1), query(ids, 90)]
    for budget in (30, 90, 1000):
        assert follow(list(steps(queries, budget)), budget) == meant(queries)
        assert tokens_read(queries, budget) == 90


def test_nothing_asked_is_nothing_read() -> None:
    assert list(steps([], 100)) == []


@pytest.mark.parametrize("n", [2000])
def test_nested_prefixes_do_not_need_a_deep_stack_of_calls(n: int) -> None:
    ids = [7] * n
    queries = [query(ids[:length], 1) for length in range(1, n, 3)]
    assert follow(list(steps(queries, 64)), 64) == meant(queries)
    assert tokens_read(queries, 64) <= 4 * n
