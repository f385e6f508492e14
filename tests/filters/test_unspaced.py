"""Limits for scripts without blanks: in letters, from limits in words."""

import polars as pl
import pyarrow as pa
import pytest

from filters import unspaced
from filters.decide import Override, Settings, decide
from filters.rules import rules
from filters.signals import measure

PROSE_ZH = (
    "清晨的河边很安静，老人坐在石桥上看着水慢慢流过。远处的磨坊已经开始工作，木轮转动的声音和鸟叫混在一起。孩子们背着书包走过小路，"
    "一边走一边谈论昨天的考试。镇上的面包店刚刚开门，热面包的香味飘到街上，让每个人都想停下来。下午下了一场小雨，菜园里的土变得又黑又软，"
    "农夫说今年的收成会比去年好。晚上大家围在灯下吃饭，听祖母讲很久以前的故事，直到月亮升到屋顶上面。"
)


def signals_of(*texts: str) -> pl.DataFrame:
    found = pl.DataFrame(pl.from_arrow(pa.Table.from_batches([measure(pa.array(texts, pa.large_string()))])))
    return found.with_columns(id=pl.Series([str(i) for i in range(len(texts))]), source=pl.lit("web"))


def reasons(settings: Settings, *texts: str) -> list[list[str]]:
    return decide(signals_of(*texts), settings)["reasons"].to_list()


def test_limits_are_of_rules_that_exist() -> None:
    for own in unspaced.limits().values():
        assert own.keys() <= rules().keys()


def test_words_become_letters() -> None:
    chinese = unspaced.limits()["zh"]
    assert chinese["gopher_quality.min_words"] == 82  # 50 words of 1.65 characters
    assert chinese["gopher_repetition.max_duplicate_5_gram_character_fraction"] is None  # 3 words: nothing published
    # 10 characters are 6.06 words: between the published 0.182 for 6 words and 0.167 for 7
    assert chinese["gopher_repetition.max_duplicate_10_gram_character_fraction"] == pytest.approx(0.181, abs=0.001)
    # 4 characters are 2.42 words: between 0.256 for 2 and 0.201 for 3
    assert chinese["gopher_repetition.max_top_4_gram_character_fraction"] == pytest.approx(0.233, abs=0.001)
    assert unspaced.limits()["yue"] == chinese


SETS = ("gopher_quality", "gopher_repetition", "c4")


def test_chinese_prose_is_kept_and_chinese_scraps_are_not() -> None:
    assert reasons(Settings(SETS), PROSE_ZH) == [[]]
    [found] = reasons(Settings(SETS), PROSE_ZH[:60])
    assert found == ["gopher_quality.min_words"]
    [found] = reasons(Settings(SETS), PROSE_ZH[:100] * 6)
    assert any(reason.startswith("gopher_repetition.max_duplicate") for reason in found)


def test_what_was_asked_for_wins() -> None:
    short = PROSE_ZH[:60]
    assert reasons(Settings(("gopher_quality",), {"gopher_quality.min_words": 10}), short) == [[]]
    override = Override(language="zh", limits={"gopher_quality.min_words": 20})
    assert reasons(Settings(("gopher_quality",), {}, (override,)), short) == [[]]
    assert reasons(Settings(("gopher_quality",), {"gopher_quality.min_stop_words": 1}), PROSE_ZH) == [
        ["gopher_quality.min_stop_words"]
    ]


def test_a_set_that_an_override_turns_on_has_the_language_s_limits() -> None:
    settings = Settings(("code",), {}, (Override(source="web", rules=("gopher_quality",)),))
    frame = signals_of(PROSE_ZH, PROSE_ZH).with_columns(source=pl.Series(["web", "other"]))
    assert decide(frame, settings)["reasons"].to_list() == [
        [],
        decide(frame, Settings(("code",)))["reasons"][1].to_list(),
    ]


def test_the_letters_are_counted_as_the_signals_count_them() -> None:
    row = signals_of("下列说法，不正确。").row(0, named=True)
    assert (row["n_words"], row["n_plain_words"], row["mean_word_length"]) == (9, 7, 1.0)
