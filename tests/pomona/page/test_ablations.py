"""The report's section on studies: every variant, interval and surface is in it, and nothing of a name is markup."""

from pathlib import Path

import pytest

import pomona
from corpus.lake import Lake
from pomona.page import ablations, render
from tests.pomona.ablation.studies import lake_of, run, study


@pytest.fixture(scope="module")
def studied(mixed: Lake, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    lake = lake_of(mixed, tmp_path_factory.mktemp("page") / "lake")
    groups = {"weights": {"a": 2, "b": 1}}
    run(
        lake,
        study(
            variants={"plain": groups, "copy": groups, "other": groups | {"where": "text <> '<b>'"}},
            leave_one_out=True,
            search={"runs": 8, "confirm": False},
            tokens=1536,
        ),
    )
    return lake


def test_a_study_is_shown_with_its_plots(studied: Lake) -> None:
    [shown] = ablations.ablations(studied)
    view = shown.view
    assert [plot.metric for plot in shown.plots] == sorted(
        (one.metric for one in view.metrics), key=lambda m: (not {o.metric: o.can_decide for o in view.metrics}[m], m)
    )
    assert all(len(plot.rows) == 4 for plot in shown.plots)
    assert {one.metric for one in shown.worths} == {"bits_per_byte:a", "bits_per_byte:b"}
    assert [one.group for one in shown.profiles] == ["a", "b"]
    assert len(shown.undecided) == sum(one.verdict == "undecided" for one in view.comparisons)


def test_the_report_has_it_and_escapes_names(studied: Lake) -> None:
    page = render(studied)
    section = page[page.index('<section id="ablations">') :]
    section = section[: section.index("</section>")]
    assert "&lt;b&gt;" in section
    assert ">without-a<" in section
    assert "the same as plain: a fair null" in section
    assert section.count("<svg") == 2 + 2 + 2  # metrics, worths, profiles
    assert 'href="#ablations"' in page


def test_a_lake_without_studies_has_no_section(mixed: Lake) -> None:
    assert ablations.ablations(mixed) == []
    assert 'id="ablations"' not in render(mixed)


def test_python_has_the_same_as_the_command(studied: Lake, tmp_path: Path) -> None:
    [view] = pomona.ablations(studied)
    again = pomona.ablate(studied, **{k: v for k, v in study().model_dump().items() if k == "name"}, **_fields())
    assert again.study == view.study
    file = tmp_path / "small.yaml"
    file.write_text("baseline: plain\nvariants: {plain: {weights: {a: 1}}}\n")
    with pytest.raises(pomona.UserError, match="a comparison needs another one"):
        pomona.ablate(studied, file)
    with pytest.raises(TypeError, match="a file or its fields"):
        pomona.ablate(studied, file, name="x")


def _fields() -> dict[str, object]:
    from tests.pomona.ablation.studies import FIELDS

    groups = {"weights": {"a": 2, "b": 1}}
    return {k: v for k, v in FIELDS.items() if k != "name"} | {
        "variants": {"plain": groups, "copy": groups, "other": groups | {"where": "text <> '<b>'"}},
        "leave_one_out": True, "search": {"runs": 8, "confirm": False}, "tokens": 1536,
    }  # fmt: skip
