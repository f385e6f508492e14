import pytest

from corpus.errors import UserError
from corpus.lake import Lake
from filters.decide import decide
from filters.spec import parse
from filters.views import compare, sweep
from pomona.terminal.rules import plot_sweep, render_comparison, render_sweep


def test_a_diff_is_what_two_decisions_say(ran: Lake) -> None:
    a, b = parse("gopher_quality"), parse("gopher_quality,gopher_quality.min_words=90")
    frame = ran.scan("signals").collect()
    kept = [decide(frame, s)["kept"] for s in (a, b)]
    found = compare(ran, a, b, samples=3)
    assert found.counts["kept_dropped"] == (kept[0] & ~kept[1]).sum()
    assert found.counts["kept_kept"] == (kept[0] & kept[1]).sum()
    assert found.reasons_only_in_b == {"gopher_quality.min_words": found.counts["kept_dropped"]}
    assert len(found.kept_only_by_a) == 3


def test_settings_with_themselves_differ_in_nothing(ran: Lake) -> None:
    a = parse("gopher_quality,c4")
    found = compare(ran, a, a, 5)
    assert found.kept_only_by_a == found.kept_only_by_b == ()


def test_a_sweep_counts_what_each_limit_keeps(ran: Lake) -> None:
    found = sweep(ran, "gopher_quality.min_words", None, 7)
    values = ran.scan("signals").collect()["n_plain_words"]
    for point in found.points:
        assert point.documents == (values >= point.limit).sum()
    assert found.limit == 40  # by which the lake was filtered
    assert 40.0 in [point.limit for point in found.points]
    assert "*" in render_sweep(found)


def test_other_rules_can_be_in_force(ran: Lake) -> None:
    alone = sweep(ran, "gopher_quality.min_words", None, 3)
    among = sweep(ran, "gopher_quality.min_words", parse("gopher_quality,c4"), 3)
    assert among.documents <= alone.documents


def test_chosen_limits_are_tried_and_no_others(ran: Lake) -> None:
    found = sweep(ran, "gopher_quality.min_words", at=[10.0, 90.0, 90.0])
    values = ran.scan("signals").collect()["n_plain_words"]
    assert [(p.limit, p.documents) for p in found.points] == [(x, (values >= x).sum()) for x in (10.0, 90.0)]
    assert plot_sweep(found).startswith("<svg")


def test_a_comparison_is_told_with_its_samples(ran: Lake) -> None:
    text = render_comparison(compare(ran, parse("gopher_quality"), parse("gopher_quality,gopher_quality.min_words=90")))
    assert "kept only by A; B drops them for:" in text
    assert "gopher_quality.min_words" in text


def test_a_list_cannot_be_swept(ran: Lake) -> None:
    with pytest.raises(UserError, match="only numbers can be swept"):
        sweep(ran, "language.allowed", None, 3)
