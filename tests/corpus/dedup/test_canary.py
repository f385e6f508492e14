from corpus.dedup import canary
from corpus.dedup.near import tables as near
from corpus.dedup.near.minhash import Sketch, signatures
from corpus.dedup.repeats import tables as repeats
from corpus.dedup.semantic import tables as semantic

INTERMEDIATE = {"minhash": near.INTERMEDIATE, "semantic": semantic.INTERMEDIATE, "paragraphs": repeats.TABLES}


def test_the_two_texts_differ_and_have_the_same_signature() -> None:
    one, two = canary.texts().to_pylist()
    assert one != two
    for sketch in (Sketch(), Sketch("characters", 24)):
        found, counts = signatures(canary.texts(), sketch)
        assert (found[0] == found[1]).all()
        assert counts.min() > 50
    assert canary.texts().equals(canary.texts())


def test_the_advice_names_the_family_s_own_folders() -> None:
    told = {family: str(canary.CanaryLostError(family, listed)) for family, listed in INTERMEDIATE.items()}
    assert "minhash_bands, minhash_edges, minhash_components, minhash_members" in told["minhash"]
    assert "centroids, semantic_members" in told["semantic"]
    assert "passages, repeats" in told["paragraphs"]
    assert "minhash" not in told["semantic"] + told["paragraphs"]
