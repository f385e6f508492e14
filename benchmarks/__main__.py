"""`python -m benchmarks [AREA...] [--json | --markdown] [--pages FILE]`: what `./dev bench` runs."""

import argparse
import json
import platform
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from benchmarks.claims import Claim, Rows
from corpus.errors import UserError
from pomona.output import table

AREAS = (
    "extraction",
    "ingest",
    "signals",
    "dedup",
    "decontam",
    "commands",
    "cli",
    "tokenizing",
    "training",
    "scoring",
    "judging",
    "evaluating",
    "ablation",
)
ON_DEMAND = (
    "dedup_memory",
    "languages",
    "lineage",
    "unspaced",
)  # large, or of data that is not there: run only when named
ROOT = Path(__file__).resolve().parents[1]
PAGE, README = ROOT / "docs" / "benchmarks.md", ROOT / "README.md"


def main() -> int:
    """Runs the areas; 1 where a claim misses its target is no error: the number is printed as it is."""
    parser = argparse.ArgumentParser(prog="./dev bench", description="Claims measured beside the peers, in one run.")
    parser.add_argument(
        "areas",
        nargs="*",
        metavar="AREA",
        help=f"one or more of {', '.join(AREAS)}, all by default; or {', '.join(ON_DEMAND)}",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a claim, one a line")
    parser.add_argument("--markdown", action="store_true", help="write docs/benchmarks.md and the README's table")
    parser.add_argument(
        "--pages", type=Path, help="Parquet file with html, with and without; languages, unspaced: a folder"
    )
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.areas) - {*AREAS, *ON_DEMAND})
    if unknown:
        parser.error(f"no area {', '.join(unknown)}; allowed: {', '.join(AREAS + ON_DEMAND)}")
    found: list[Claim] = []
    tables: list[Rows] = []
    try:
        for measured in claims(tuple(arguments.areas) or AREAS, arguments.pages):
            found += [measured] if isinstance(measured, Claim) else []
            tables += [measured] if isinstance(measured, Rows) else []
            if arguments.json and isinstance(measured, Claim):
                print(json.dumps(measured.as_dict()), flush=True)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if not arguments.json:
        print(as_table(found))
        for rows in tables:
            print(f"\n{rows.title}\n{table(rows.rows, rows.header)}")
    if arguments.markdown:
        areas = tuple(arguments.areas) or AREAS
        page = PAGE.read_text()
        PAGE.write_text(as_markdown(found, tables, kept_rows(page, areas)) + kept_sections(page, tables))
        README.write_text(with_table(README.read_text(), found, areas))
    return 0


def claims(areas: tuple[str, ...], pages: Path | None) -> Iterator[Claim | Rows]:
    """Every claim and table of the areas, as it is measured."""
    for area in areas:
        yield from import_module(f"benchmarks.{area}").run(pages)


def as_table(found: list[Claim]) -> str:
    """For a terminal."""
    rows = [
        (c.name, f"{c.ours:.4g}", f"{c.peer:.4g}", c.unit, f"{c.ratio:.3g}", f"{c.target:g}", "yes" if c.ok else "MISSED",
         c.peer_name) for c in found
    ]  # fmt: skip
    return table(rows, ("claim", "ours", "peer", "unit", "ratio", "target", "met", "peer's name"))


def kept_rows(text: str, areas: tuple[str, ...]) -> list[str]:
    """Rows of a page about areas that were not measured again."""
    rows = [line for line in text.splitlines() if line.startswith("| ") and "." in line.split(" ")[1]]
    known = {*AREAS, *ON_DEMAND} - {*areas}  # rows of other tables may have a dot, too
    return [line for line in rows if line.split(" ")[1].partition(".")[0] in known]


def kept_sections(text: str, tables: list[Rows]) -> str:
    """Tables of a page that were not made again."""
    titles = {rows.title for rows in tables}
    sections = text.split("\n## ")[1:]
    return "".join(f"\n## {s.rstrip()}\n" for s in sections if s.partition("\n")[0] not in titles)


def in_order(rows: list[str]) -> list[str]:
    """Rows by area, as areas run; within one as they stand."""
    areas = [*AREAS, *ON_DEMAND]
    return sorted(rows, key=lambda row: areas.index(row.split(" ")[1].partition(".")[0]))


def with_table(text: str, found: list[Claim], areas: tuple[str, ...]) -> str:
    """The README with its table written anew between the two marks."""
    before, _, rest = text.partition("<!-- benchmarks: begin -->\n")
    table_, _, after = rest.partition("<!-- benchmarks: end -->")
    rows = [
        f"| {c.name} | {c.ours:.3g} {c.unit} | {c.peer:.3g} ({c.peer_name}) | {c.ratio:.3g}{'' if c.ok else ' **missed**'} |"
        for c in found
        if not c.name.startswith("signals.agreement.")
    ]
    shares = [c.ours for c in found if c.name.startswith("signals.agreement.")]
    rows += [f"| signals.agreement | {min(shares):.1%} of decisions as datatrove's filters | | |"] if shares else []
    head = "| claim | ours | peer | ratio |\n| --- | ---: | ---: | ---: |\n"
    lines = "\n".join(in_order(kept_rows(table_, areas) + rows))
    return f"{before}<!-- benchmarks: begin -->\n{head}{lines}\n<!-- benchmarks: end -->{after}"


def as_markdown(found: list[Claim], tables: list[Rows], kept: list[str]) -> str:
    """The page docs/benchmarks.md; `kept` are rows of areas that were not measured again."""
    lines = [
        "# Benchmarks",
        "",
        "How fast and how good Pomona is beside other tools, for everybody who compares them. `./dev bench --markdown`",
        "writes this page. Both sides are measured in one run on this machine: "
        f"{platform.machine()}, Python {platform.python_version()}.",
        "",
        "- `./dev bench AREA` measures one area again. The area is the name of a claim before its first dot.",
        "  `dedup_memory`, `languages`, `lineage` and `unspaced` run only when named.",
        "- **ratio**: above 1 is better for Pomona.",
        "- **target**: a ratio, unless the note says otherwise. **missed** marks a claim below its target.",
        "- If the peer is not another tool, its name says what it is: a limit, a target or an earlier version.",
        "- These are single runs on a shared machine. Numbers move by some percent.",
        "",
        "| claim | ours | peer | unit | ratio | target | met | peer's name | note |",
        "| --- | ---: | ---: | --- | ---: | ---: | --- | --- | --- |",
    ]
    measured = [
        f"| {c.name} | {c.ours:.4g} | {c.peer:.4g} | {c.unit} | {c.ratio:.3g} | {c.target:g} | "
        f"{'yes' if c.ok else '**missed**'} | {c.peer_name} | {c.note} |"
        for c in found
    ]
    lines += in_order(kept + measured)
    for rows in tables:
        lines += ["", f"## {rows.title}", "", f"| {' | '.join(rows.header)} |"]
        lines += ["| --- |" + " ---: |" * (len(rows.header) - 1)]
        lines += [f"| {' | '.join(map(str, row))} |" for row in rows.rows]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
