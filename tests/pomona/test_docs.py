import re
from pathlib import Path

import pytest

from pomona import docs

ROOT = Path(__file__).resolve().parents[2]
WRITTEN = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("**/*.md")])


def test_generated_pages_are_what_the_code_says() -> None:
    for name, text in docs.pages().items():
        assert (docs.FOLDER / name).read_text() == text, f"{name} is stale: run ./dev docs"


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text()):
        if "://" not in target:
            assert (path.parent / target).exists(), target


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_in_the_documents_exist(path: Path) -> None:
    from typer.main import get_command

    from pomona.cli import application

    known = set(get_command(application()).commands)  # type: ignore[attr-defined]
    for block in re.findall(r"```(?:sh|console)\n(.*?)```", path.read_text(), re.DOTALL):
        for command in re.findall(r"^(?:\$ )?pomona (\w+)", block, re.MULTILINE):
            assert command in known, command


def test_recipes_in_the_documents_are_valid() -> None:
    from pomona.recipe import parse

    found = 0
    for path in WRITTEN:
        for block in re.findall(r"```yaml\n(.*?)```", path.read_text(), re.DOTALL):
            if "sources:" in block:
                parse(block, path.name)
                found += 1
    assert found
