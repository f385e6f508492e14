from corpus.lake import Lake
from pomona.terminal.explanation import render
from pomona.views.explanation import Explanation, Refused, explain


def test_a_dropped_copy_names_what_it_copies(ran: Lake) -> None:
    found = explain(ran, "rows.parquet#3")
    assert isinstance(found, Explanation)
    assert found.kept is False
    assert [d["stage"] for d in found.decisions if not d["kept"]] == ["exact"]
    assert {copy["representative"] for copy in found.duplicates} == {found.duplicates[0]["representative"]}
    text = render(found)
    assert "dropped" in text
    assert "(stays)" in text
    assert "Its text differs from another document's only in case and white space" in text


def test_rejects_are_found_by_their_address(ran: Lake) -> None:
    uri = ran.scan("rejects").collect()["uri"][0]
    found = explain(ran, uri)
    assert isinstance(found, Refused)
    assert found.rejects[0]["reason"] in ("invalid_json", "missing_column")


def test_metadata_is_shown(ran: Lake) -> None:
    found = explain(ran, "http://x.org/4")
    assert isinstance(found, Explanation)
    assert found.document["metadata"]["title"] == "Page 4"
    assert "title: Page 4" in render(found)
