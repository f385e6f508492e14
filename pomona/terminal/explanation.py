"""The output of `pomona explain`."""

from pomona.views.explanation import Explanation, Refused

_MOST_CUTS = 10  # that are listed


def render(found: Explanation | Refused) -> str:
    """Formats everything about a document, or one line for each raw record that was refused."""
    if isinstance(found, Refused):
        return "\n".join(
            f"{_place(r['uri'], r['position'])}: refused: {r['reason']}: {r['detail']}" for r in found.rejects
        )
    return _document(found)


def _numbers(value: float, limit: float) -> str:
    return f"  value {value:.4g}, limit {limit:.4g}"


def _place(uri: str, position: str) -> str:
    """An address, with the position if it does not end with it."""
    return uri if not position or uri.endswith(f"#{position}") else f"{uri} {position}"


def _document(explanation: Explanation) -> str:
    document = explanation.document
    undecided = "open, since some decisions are out of date (below)" if explanation.out_of_date else "not decided yet"
    verdict = {True: "kept", False: "dropped", None: undecided}[explanation.kept]
    lines = [
        f"{document['uri']}",
        f"  id       {document['id']}",
        f"  source   {document['source']}",
        f"  verdict  {verdict}",
    ]

    if document["license"]:
        lines.append(f"  license  {document['license']}")
    lines += [f"  {name}: {value}" for name, value in document["metadata"].items()]

    for decision in explanation.decisions:
        lines.append(f"\n{decision['stage']}: {'kept' if decision['kept'] else 'dropped'}")
        for measure in decision["measured"]:
            is_equal = measure["value"] == measure["limit"] == 1  # a copy that is equal: the numbers say nothing
            value = "" if measure["value"] is None or is_equal else _numbers(measure["value"], measure["limit"])
            lines.append(f"  {measure['rule']}{value}")
            meaning = explanation.meanings.get(measure["rule"])
            lines += [f"    {meaning}"] if meaning else []
    lines += [f"\n{line}" for line in explanation.out_of_date]

    if explanation.duplicates:
        lines.append("\nits copies:")
        lines += [
            f"  {copy['uri']}{'  (stays)' if copy['id'] == copy['representative'] else ''}"
            + ("" if copy["similarity"] == 1 else f"  similarity {copy['similarity']:.3f}")
            for copy in explanation.duplicates
            if copy["id"] != document["id"]
        ]

    if explanation.contamination:
        lines.append("\nbenchmark items it touches:")
        lines += [
            f"  {t['benchmark']} {t['item']}: {t['share']:.0%} of it; {t['n']} words, in {t['count']} documents "
            f"without it: {' '.join(t['ngram'].split())!r}"
            for t in explanation.contamination
        ]

    text = document["text"]
    if explanation.cuts:
        lines.append("\ncut out of it:")
        lines += [
            f"  {cut['stage']}: characters {cut['start']} to {cut['end']}"
            + (f", {cut['copies']} copies in the corpus" if cut["copies"] else "")
            + f": {' '.join(text[cut['start'] : cut['end']].split())[:80]!r}"
            for cut in explanation.cuts[:_MOST_CUTS]
        ]
        lines += [f"  and {len(explanation.cuts) - _MOST_CUTS} more"] if len(explanation.cuts) > _MOST_CUTS else []
    lines += ["", text[:600] + (" ..." if len(text) > 600 else "")]
    return "\n".join(lines)
