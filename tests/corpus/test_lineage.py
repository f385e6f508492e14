import json

from corpus.lineage import Lineage, from_metadata, to_metadata


def test_a_commit_tells_what_made_it() -> None:
    made = Lineage("filter", "filter", "k", {"a": 1}, {"b": [2]}, 3, "0.1", {"n": 4})
    assert from_metadata({"version": 5, "timestamp": 6, **to_metadata(made, ("x",))}).lineage == made
    assert from_metadata({"version": 5, "timestamp": 6, **to_metadata(made, ("x",))}).lost == ("x",)
    assert json.loads(to_metadata(made)["pomona"])["stage"] == "filter"
    assert from_metadata({"version": 5, "timestamp": 6}).lineage is None


def test_dropped() -> None:
    assert Lineage("drop:filter", "filter", "").dropped
    assert not Lineage("dropper", "filter", "k").dropped
