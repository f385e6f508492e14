from corpus.extract.markup import parse


def test_nothing_to_parse_is_none() -> None:
    assert parse("") is None
    assert parse(" \n") is None


def test_lone_surrogates_and_nul_are_dropped() -> None:
    tree = parse("<p>a\ud800b\x00c</p>")
    assert "".join(tree.itertext()) == "abc"


def test_xml_declarations_are_passed_over() -> None:
    tree = parse('<?xml version="1.0" encoding="utf-16"?><html><body><p>é</p></body></html>')
    assert "é" in "".join(tree.itertext())
