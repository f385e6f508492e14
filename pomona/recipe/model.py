"""The recipe's model: one section for each stage family, in order. Light, because the command line reads it."""

from functools import lru_cache
from typing import Annotated, Any

from pydantic import Field, create_model, field_validator, model_validator

from corpus.family import Family, Section
from corpus.settings import Settings, inner_model
from pomona import pipeline


class BaseRecipe(Settings):
    """A complete run: the lake, the sources and the decisions. `model` adds a section for each family."""

    lake: Annotated[str, Field(description="Folder or object-store URL of the lake")] = "./lake"

    @model_validator(mode="after")
    def _names_exist(self) -> "BaseRecipe":
        """Checks that the sources and signals that a section names exist."""
        from pomona.stages import Wanted

        for where, error in Wanted.by(self).mistakes():
            raise ValueError(f"{where}: {error}")
        return self

    @field_validator("*")
    @classmethod
    def _names_differ(cls, value: Any) -> Any:
        """Checks that entries of one section have different names."""
        if not isinstance(value, tuple) or not all(isinstance(entry, Settings) for entry in value):
            return value
        names = [getattr(entry, "name", None) for entry in value]
        twice = sorted({str(name) for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two entries are called {', '.join(twice)}; names must differ")
        return value


def model() -> type[BaseRecipe]:
    """Builds the recipe's model: the base, and a field for each family or section, in order."""
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
    """Returns type and default of a family's field, as pydantic takes them."""
    doc = Field(description=family.doc)
    if family.settings is None:
        return Annotated[bool, doc], family.by_default == "on"
    if family.per_entry:
        is_required = family.by_default == "required"
        entries = Field(min_length=1 if is_required else None, description=family.doc)
        return Annotated[tuple[family.settings, ...], entries], ... if is_required else ()  # type: ignore[name-defined]
    if family.by_default == "on":  # a factory, because a value would import the libraries that check it
        return family.settings | None, Field(description=family.doc, default_factory=family.settings)
    return Annotated[family.settings | None, doc], None


def _section(section: Section, families: tuple[Family, ...]) -> tuple[Any, Any]:
    """Returns type and default of a section of several families: their common fields, then the field of each."""
    fields: dict[str, Any] = {family.field: _field(family) for family in families if family.within is section}
    section_model = create_model(section.name.title(), __base__=section.settings, __doc__=section.doc, **fields)
    return section_model | None, Field(description=section.doc, default_factory=section_model)


def section(name: str) -> type[Settings]:
    """Returns the model of a section, e.g. `filter` or `dedup.minhash`; that of one entry if the section is a list."""
    inner: Any = model()
    for field in name.split("."):
        inner = inner_model(inner.model_fields[field].annotation)
    return inner
