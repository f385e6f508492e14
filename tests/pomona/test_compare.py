from pathlib import Path

import pytest

from corpus.errors import UserError
from corpus.lake import Lake
from filters.decide import decide, parse
from pomona import compare


def test_a_diff_is_what_two_decisions_say(ran: Lake) -> None:
    a, b = parse("gopher_quality"), parse("gopher_quality,gopher_quality.min_words=90")
    frame = ran.scan("signals").collect()
    kept = [decide(frame, s)["kept"] for s in (a, b)]
    found = compare.diff(ran, a, b, samples=3)
    assert found["counts"]["kept_dropped"] == (kept[0] & ~kept[1]).sum()
    assert found["counts"]["kept_kept"] == (kept[0] & kept[1]).sum()
    assert found["reasons_only_in_b"] == {"gopher_quality.min_words": found["counts"]["kept_dropped"]}
    assert len(found["kept_only_by_a"]) == 3


def test_settings_with_themselves_differ_in_nothing(ran: Lake) -> None:
    a = parse("gopher_quality,c4")
    found = compare.diff(ran, a, a, 5)
    assert found["kept_only_by_a"] == found["kept_only_by_b"] == []


def test_a_sweep_counts_what_each_limit_keeps(ran: Lake) -> None:
    found = compare.sweep(ran, "gopher_quality.min_words", None, 7)
    values = ran.scan("signals").collect()["n_plain_words"]
    for point in found["points"]:
        assert point["documents"] == (values >= point["limit"]).sum()
    assert found["limit"] == 40  # by which the lake was filtered
    assert 40.0 in [point["limit"] for point in found["points"]]
    assert "*" in compare.render_sweep(found)


def test_other_rules_can_be_in_force(ran: Lake) -> None:
    alone = compare.sweep(ran, "gopher_quality.min_words", None, 3)
    among = compare.sweep(ran, "gopher_quality.min_words", "gopher_quality,c4", 3)
    assert among["documents"] <= alone["documents"]


def test_settings_come_from_a_recipe_too(tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    path.write_text("sources: [{name: a, path: b}]\nfilter: {rules: [c4]}\n")
    assert compare.settings(str(path)).rule_sets == ("c4",)
    path.write_text("sources: [{name: a, path: b}]\nfilter: null\n")
    with pytest.raises(UserError, match="has no filter"):
        compare.settings(str(path))


def test_a_list_cannot_be_swept(ran: Lake) -> None:
    with pytest.raises(UserError, match="only numbers can be swept"):
        compare.sweep(ran, "language.allowed", None, 3)
