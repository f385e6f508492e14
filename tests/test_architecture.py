"""Packages import one way only; every module says why it exists; every module has a test of its own."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ORDER = ["pomona", "eval_suites", "quantization", "training", "decontam", "filters", "corpus"]
MODULES = sorted(path for package in ORDER for path in (ROOT / package).rglob("*.py"))
COVERED_TOGETHER = {
    "training/objectives/tokens.py": "tests/training/objectives",
    "corpus/errors.py": "every mistake that a test makes",
    "corpus/records.py": "tests/corpus/sources",
    "corpus/preload.py": "tests/corpus/test_execution.py",
    "corpus/sources/html.py": "tests/corpus/sources/test_text.py",
    "corpus/sources/columns.py": "tests/corpus/sources/test_parquet.py and test_jsonl.py",
    "corpus/text/words.py": "tests/corpus/text/test_segment.py",
    "corpus/extract/names.py": "tests/corpus/extract/test_blocks.py",
    "corpus/extract/block.py": "tests/corpus/extract/test_blocks.py",
    "corpus/extract/elements.py": "tests/corpus/extract/test_flatten.py",
    "corpus/extract/rendering.py": "tests/corpus/extract/test_lists.py",
    "corpus/extract/scoring.py": "tests/corpus/extract/test_blocks.py",
    "corpus/extract/fast.py": "tests/corpus/extract/test_blocks.py",
    "corpus/extract/precise.py": "tests/corpus/extract/test_blocks.py",
    "corpus/extract/cascade.py": "tests/corpus/extract/test_blocks.py",
    "corpus/sandbox/worker.py": "tests/corpus/sandbox/test_client.py",
    "corpus/sources/warc/stream.py": "tests/corpus/sources/warc/test_warc.py",
    "corpus/sources/warc/records.py": "tests/corpus/sources/warc/test_warc.py",
    "corpus/sources/warc/http.py": "tests/corpus/sources/warc/test_warc.py",
    "corpus/sources/cutting.py": "tests/corpus/ingest/test_steps.py",
    "corpus/grouping.py": "tests/corpus/ingest/test_steps.py",
    "corpus/dedup/settings.py": "tests/pomona/recipe/test_recipe.py",
    "corpus/limits.py": "numbers and names only",
    "corpus/rates.py": "tests/pomona/test_calibrate.py",
    "corpus/sizes.py": "tests/pomona/recipe/test_recipe.py",
    "corpus/basis.py": "tests/pomona/test_standing.py",
    "corpus/family.py": "tests/pomona/test_pipeline.py",
    "corpus/stage.py": "tests/pomona/test_pipeline.py",
    "corpus/dedup/repeats/passages.py": "tests/corpus/dedup/repeats/test_steps.py",
    "corpus/ingest/listing.py": "tests/corpus/ingest/test_steps.py",
    "corpus/dedup/near/kinds.py": "names only",
    "decontam/names.py": "names only",
    "corpus/forgetting/journal.py": "tests/pomona/test_forgetting.py",
    "corpus/forgetting/rewriting.py": "tests/pomona/test_forgetting.py",
    "corpus/forgetting/tombstones.py": "tests/pomona/test_forgetting.py",
    "corpus/shards/erasing.py": "tests/pomona/test_forgetting.py",
    "corpus/mixture/views.py": "tests/corpus/mixture/test_steps.py",
    "corpus/ingest/version.py": "a number",
    "corpus/shards/filling.py": "tests/corpus/shards/test_packing.py",
    "corpus/shards/kinds.py": "names only",
    "corpus/shards/layout.py": "tests/corpus/shards/test_stream.py and test_writing.py",
    "corpus/shards/stages.py": "tests/corpus/shards/test_writing.py and tests/training/test_steps.py",
    "corpus/shards/tables.py": "columns only",
    "corpus/shards/views.py": "tests/corpus/shards/test_writing.py",
    "corpus/tokenizer/sampling.py": "tests/corpus/tokenizer/test_steps.py",
    "corpus/tokenizer/views.py": "tests/corpus/tokenizer/test_steps.py",
    "corpus/touched.py": "tests/decontam/test_views.py",
    "pomona/api/arguments.py": "tests/pomona/api/test_mistakes.py",
    "training/building.py": "tests/training/test_loop.py and test_sharding.py",
    "eval_suites/models/endpoint/client.py": "tests/eval_suites/models/endpoint/test_responder.py",
    "eval_suites/models/endpoint/settings.py": "tests/eval_suites/models/endpoint/test_responder.py",
    "eval_suites/models/opening.py": "tests/eval_suites/test_steps.py",
    "eval_suites/asking.py": "tests/eval_suites/test_harness.py",
    "eval_suites/chosen.py": "tests/eval_suites/test_steps.py",
    "eval_suites/progress.py": "tests/pomona/commands",
    **{
        f"eval_suites/judges/{name}.py": "tests/eval_suites/judges/test_steps.py"
        for name in ("settings", "stages", "tables", "verdicts", "views")
    },
    "eval_suites/judges/costs.py": "tests/pomona/test_workload.py",
    "eval_suites/judges/family.py": "tests/pomona/test_pipeline.py",
    "eval_suites/item_texts.py": "tests/eval_suites/test_protecting.py",
    "eval_suites/versions.py": "tests/eval_suites/test_steps.py",
    "eval_suites/order.py": "tests/eval_suites/test_views.py",
    "eval_suites/costs.py": "tests/pomona/test_workload.py",
    "eval_suites/models/attention.py": "tests/eval_suites/models/test_likelihood.py",
    "eval_suites/models/last_layer.py": "tests/eval_suites/models/test_likelihood.py",
    "eval_suites/models/network.py": "tests/eval_suites/models/test_likelihood.py and test_generation.py",
    "eval_suites/models/local.py": "tests/eval_suites/test_harness.py",
    "eval_suites/models/responses.py": "tests/eval_suites/test_harness.py",
    "eval_suites/instructions/arguments.py": "tests/eval_suites/instructions/test_asked.py",
    "eval_suites/instructions/cases.py": "tests/eval_suites/instructions/test_kinds.py",
    "eval_suites/instructions/combination.py": "tests/eval_suites/instructions/test_kinds.py",
    "eval_suites/instructions/comparing.py": "tests/eval_suites/instructions/test_kinds.py",
    "eval_suites/instructions/content.py": "tests/eval_suites/instructions/test_kinds.py",
    "eval_suites/instructions/ends.py": "tests/eval_suites/instructions/test_kinds.py",
    "eval_suites/instructions/formats.py": "tests/eval_suites/instructions/test_kinds.py",
    "eval_suites/instructions/keywords.py": "tests/eval_suites/instructions/test_kinds.py",
    "eval_suites/instructions/lengths.py": "tests/eval_suites/instructions/test_kinds.py",
    "eval_suites/instructions/punctuation.py": "tests/eval_suites/instructions/test_kinds.py",
    "eval_suites/tasks/instructions/scoring.py": "tests/eval_suites/tasks/test_instructions.py",
    "eval_suites/tasks/offline/grammar.py": "tests/eval_suites/tasks/test_offline.py",
    "eval_suites/tasks/offline/items.py": "tests/eval_suites/tasks/test_offline.py",
    "eval_suites/code/jail.py": "tests/eval_suites/code/test_sandbox.py",
    "eval_suites/tasks/code/items.py": "tests/eval_suites/tasks/test_code.py",
    "eval_suites/tasks/long_context/items.py": "tests/eval_suites/tasks/test_long_context.py",
    "eval_suites/tasks/safety/items.py": "tests/eval_suites/tasks/test_safety.py",
    "eval_suites/tasks/tools/items.py": "tests/eval_suites/tasks/test_tools.py",
    "eval_suites/tools/mismatch.py": "names only",
    "eval_suites/helm/scenarios/parts.py": "tests/eval_suites/helm/scenarios",
    "training/reading.py": "tests/pomona/views/test_trace.py",
    "training/views.py": "tests/training/test_steps.py",
    "training/worker.py": "tests/training/test_loop.py",
    "pomona/exporting/counts.py": "tests/pomona/exporting/test_export.py",
    "pomona/library_errors.py": "tests/pomona/test_damage.py, tests/corpus/test_storage.py and tests/pomona/test_mistakes.py",
    "pomona/opening.py": "tests/pomona/test_mistakes.py and tests/corpus/test_storage.py",
    "pomona/version.py": "a number",
    "pomona/recipe/model.py": "tests/pomona/recipe/test_recipe.py",
    "pomona/views/decided.py": "tests/pomona/test_cli.py, which compares what dedup prints with the lake",
    "pomona/views/ingested.py": "tests/pomona/test_cli.py, which compares what ingest prints with the lake",
    "pomona/ablation/costs.py": "tests/pomona/ablation/test_plan.py",
    "pomona/ablation/surface_views.py": "tests/pomona/ablation/test_search.py",
    "pomona/views/lineage.py": "tests/pomona/views/test_overview.py",
    "filters/steps.py": "tests/pomona/test_runner.py",
    "pomona/stages.py": "tests/pomona/test_pipeline.py",
    "pomona/command_line.py": "tests/pomona/test_standing.py",
    "pomona/__main__.py": "tests/pomona/test_kill.py",
}
TOGETHER = (
    "filters/signals/",
    "filters/rules/",
    "pomona/commands/",
    "pomona/terminal/",
    "pomona/api/",
    "decontam/policies/",
    "decontam/disguises/",
)  # one test file for the folder


FACES = (
    "family.py",
    "settings.py",
    "tables.py",
    "stages.py",
    "rates.py",
)  # of each room: tests/pomona/test_pipeline.py, and
# tests/pomona/recipe for settings; that the rooms do their work is what the tests of their steps show


def package(path: Path) -> str:
    return path.relative_to(ROOT).parts[0]


def imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_what_stands_right_of_it(path: Path) -> None:
    mine = ORDER.index(package(path))
    left = set(ORDER[:mine])
    assert not imported(path) & left
    assert "tests" not in imported(path)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_says_why_it_exists_and_stays_small(path: Path) -> None:
    text = path.read_text()
    assert ast.get_docstring(ast.parse(text))
    assert len(text.splitlines()) <= 500


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_has_a_test_that_mirrors_it(path: Path) -> None:
    name = str(path.relative_to(ROOT))
    is_face = path.name in FACES and (path.parent / "family.py").exists()
    if path.name == "__init__.py" or is_face or name in COVERED_TOGETHER or name.startswith(TOGETHER):
        return
    mirrored = ROOT / "tests" / path.relative_to(ROOT).parent / f"test_{path.name}"
    assert mirrored.exists(), f"{name} has no {mirrored.relative_to(ROOT)}"


def test_no_committed_file_names_this_machine() -> None:
    import subprocess

    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("no git checkout")
    for name in listed.stdout.splitlines():
        path = ROOT / name
        if path.suffix in (".py", ".md", ".toml", ".yaml", ".txt", ".html", ".css") and path.exists():
            text = path.read_text()
            assert "/work" + "/main" not in text, name
            assert "file://" + "/opt" not in text, name


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_modules(path: Path, known: set[str], *, everywhere: bool) -> set[str]:
    """Modules of ours that a module imports at its top; with `everywhere`, also inside functions and for types."""
    tree = ast.parse(path.read_text())
    nodes = ast.walk(tree) if everywhere else iter(tree.body)
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            inside = {f"{node.module}.{alias.name}" for alias in node.names} & known
            found |= inside if len(inside) == len(node.names) else inside | {node.module}
    return (found & known) - {module_of(path)}


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Groups of modules that import each other, directly or through others (Tarjan)."""
    number: dict[str, int] = {}
    least: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        number[node] = least[node] = len(number)
        stack.append(node)
        for other in graph[node]:
            if other not in number:
                visit(other)
                least[node] = min(least[node], least[other])
            elif other in stack:
                least[node] = min(least[node], number[other])
        if least[node] == number[node]:
            group = stack[stack.index(node) :]
            del stack[stack.index(node) :]
            if len(group) > 1:
                found.append(sorted(group))

    for node in graph:
        if node not in number:
            visit(node)
    return found


def test_no_modules_import_each_other() -> None:
    """Not even inside functions, or for types."""
    known = {module_of(path) for path in MODULES}
    graph = {module_of(path): imported_modules(path, known, everywhere=True) for path in MODULES}
    assert circles(graph) == []
