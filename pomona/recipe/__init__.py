"""The recipe: one YAML file that describes every stage. Its sections are the settings of the stage families.

An error names the line of the file, what came and what is allowed.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from pydantic import Field, ValidationError, create_model, field_validator, model_validator

from corpus import yaml_text
from corpus.errors import UserError, plainly
from corpus.family import Family, Section
from corpus.model_errors import of_file
from corpus.settings import Settings, inner_model
from pomona import pipeline
from pomona.recipe.paths import placed
from pomona.stages import Wanted


class BaseRecipe(Settings):
    """A whole run: where the lake is, what goes in, what stays. `model` adds a section for each family."""

    lake: Annotated[str, Field(description="Folder or object-store URL of the lake")] = "./lake"

    @model_validator(mode="after")
    def _names_exist(self) -> "BaseRecipe":
        """The sources and signals that a section names exist."""
        for where, error in Wanted.by(self).mistakes():
            raise ValueError(f"{where}: {error}")
        return self

    @field_validator("*")
    @classmethod
    def _names_differ(cls, value: Any) -> Any:
        """Entries of one section have different names."""
        if not isinstance(value, tuple) or not all(isinstance(entry, Settings) for entry in value):
            return value
        names = [getattr(entry, "name", None) for entry in value]
        twice = sorted({str(name) for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two sources are called {', '.join(twice)}; names must differ")
        return value


if TYPE_CHECKING:
    Recipe: TypeAlias = BaseRecipe
else:

    def __getattr__(name: str) -> Any:
        """`Recipe` is the model with a section for each family, so that Python can build one: Recipe(sources=...)."""
        if name == "Recipe":
            return model()
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def model() -> type[BaseRecipe]:
    """The recipe's model: the base, and a field for each family or section, in order."""
    return _model(pipeline.FAMILIES)


@lru_cache(maxsize=4)
def _model(families: tuple[Family, ...]) -> type[BaseRecipe]:
    fields: dict[str, Any] = {}
    for family in families:
        if family.by_default == "always":
            continue
        if family.within is None:
            fields[family.field] = _field(family)
        elif family.within.name not in fields:
            fields[family.within.name] = _section(family.within, families)
    return create_model("Recipe", __base__=BaseRecipe, __doc__=BaseRecipe.__doc__, **fields)


def _field(family: Family) -> tuple[Any, Any]:
    """Type and default of a family's field, as pydantic takes them."""
    doc = Field(description=family.doc)
    if family.settings is None:
        return Annotated[bool, doc], family.by_default == "on"
    if family.per_entry:
        return Annotated[tuple[family.settings, ...], Field(min_length=1, description=family.doc)], ...  # type: ignore[name-defined]
    return Annotated[family.settings | None, doc], family.settings() if family.by_default == "on" else None


def _section(section: Section, families: tuple[Family, ...]) -> tuple[Any, Any]:
    """Type and default of a section that several families share: what they have in common, then their fields."""
    own: dict[str, Any] = {family.field: _field(family) for family in families if family.within is section}
    made = create_model(section.name.title(), __base__=section.settings, __doc__=section.doc, **own)
    return Annotated[made | None, Field(description=section.doc)], made()


def section(name: str) -> type[Settings]:
    """The model of a section, e.g. `filter`, `dedup` or `dedup.minhash`; of one entry, if the section is a list."""
    found: Any = model()
    for field in name.split("."):
        found = inner_model(found.model_fields[field].annotation)
    return found


def wanted(sections: Mapping[str, Any], sources: Sequence[str] = ()) -> Wanted:
    """What some sections ask for, given by their fields, on sources that a lake holds already; with the signals.

    `wanted({"dedup": {"exact": False}, "decontaminate": {"benchmarks": ["humaneval"]}}, ["web"])`
    """
    found = Wanted.of({}, sources=tuple(sources))
    for name, fields in sections.items():
        found |= Wanted.of_section(name, section(name).model_validate(fields), tuple(sources))
    return found


def load(path: str | Path) -> "Recipe":
    """The recipe in a file; raises `UserError` that names the line."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot read the recipe {path}: {plainly(error)}") from error
    return parse(text, str(path), Path(path).parent)


def parse(text: str, name: str = "recipe", folder: Path | None = None) -> "Recipe":
    """The recipe in a text; raises `UserError` that names the line in `name`. Its paths are relative to the folder."""
    value, node = yaml_text.read(text, name)
    if not isinstance(value, dict):
        raise UserError(f"{name} does not hold a recipe; `pomona recipe` prints one with every field explained")
    if folder is not None:
        value = placed(value, folder, model())
    try:
        recipe = model().model_validate(value)
    except ValidationError as error:
        raise UserError(of_file(error, node, name, model())) from error

    asked = Wanted.by(recipe)
    for family in asked.families:
        settings = asked.settings[family.name]
        place: list[str | int] = [*family.path.split(".")]
        try:
            if isinstance(settings, Settings):
                settings.check()
        except UserError as error:
            raise UserError(f"{name} line {yaml_text.line(node, place)}: {family.path}: {error}") from error
    return recipe
