from corpus.dedup import canary
from corpus.dedup.near.minhash import Sketch, signatures


def test_the_two_texts_differ_and_have_the_same_signature() -> None:
    one, two = canary.texts().to_pylist()
    assert one != two
    for sketch in (Sketch(), Sketch("characters", 24)):
        found, counts = signatures(canary.texts(), sketch)
        assert (found[0] == found[1]).all()
        assert counts.min() > 50
    assert canary.texts().equals(canary.texts())
