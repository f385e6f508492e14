"""The recipe: one YAML file that describes every stage. Its sections are the settings of the stage families.

An error names the line of the file, the value and what is allowed.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from pomona.recipe.model import BaseRecipe, model, section

if TYPE_CHECKING:
    from corpus.errors import UserError
    from pomona.stages import Wanted

__all__ = ["BaseRecipe", "Recipe", "load", "mistakes", "model", "parse", "section", "wanted"]

if TYPE_CHECKING:
    Recipe: TypeAlias = BaseRecipe
else:

    def __getattr__(name: str) -> Any:
        """Returns `Recipe`, the model with a section per family, so that Python can build one: Recipe(sources=...)."""
        if name == "Recipe":
            return model()
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def wanted(sections: Mapping[str, Any], sources: Sequence[str] = ()) -> "Wanted":
    """Returns the families that some sections request, by their fields, on sources that a lake holds; with the signals.

    `wanted({"dedup": {"exact": False}, "decontaminate": {"benchmarks": ["humaneval"]}}, ["web"])`
    """
    from pomona.stages import Wanted

    families = Wanted.of({}, sources=tuple(sources))
    for name, fields in sections.items():
        families |= Wanted.of_section(name, section(name).model_validate(fields), tuple(sources))
    return families


def load(path: str | Path) -> "Recipe":
    """Reads the recipe in a file; raises `UserError` that names the line."""
    from corpus.errors import UserError, plainly

    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot read the recipe {path}: {plainly(error)}") from error
    return parse(text, str(path), Path(path).parent)


def parse(text: str, name: str = "recipe", folder: Path | None = None) -> "Recipe":
    """Reads the recipe in a text, with paths relative to `folder`; raises `UserError` that names the line in `name`."""
    from pydantic import ValidationError

    from corpus import yaml_text
    from corpus.errors import UserError
    from corpus.model_errors import of_file
    from pomona.recipe.paths import placed

    value, node = yaml_text.read(text, name)
    if not isinstance(value, dict):
        raise UserError(f"{name} does not hold a recipe; `pomona recipe` prints one with every field explained")
    if folder is not None:
        value = placed(value, folder, model())
    try:
        recipe = model().model_validate(value)
    except ValidationError as error:
        raise UserError(of_file(error, node, name, model())) from error

    for place, mistake in mistakes(recipe):
        raise UserError(f"{name} line {yaml_text.line(node, [*place.split('.')])}: {place}: {mistake}") from mistake
    return recipe


def mistakes(recipe: "Recipe") -> "Iterator[tuple[str, UserError]]":
    """Yields (section, error) for settings that name something that does not exist, or that contradict each other."""
    from corpus.errors import UserError
    from corpus.settings import Settings
    from pomona.stages import Wanted

    requested = Wanted.by(recipe)
    for family in requested.families:
        settings = requested.settings[family.name]
        try:
            if isinstance(settings, Settings):
                settings.check()
        except UserError as error:
            yield family.path, error
