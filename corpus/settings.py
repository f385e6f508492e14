"""Settings of a stage family: one section of a recipe, and the options of a command.

A family's `settings.py` has one pydantic model. Each field has a description with its meaning, unit and bounds. What a
recipe, a command line and the reference need to know besides stands in the field's annotation:

    threshold: Annotated[float, Field(gt=0, le=1, description="Jaccard similarity ..."), Flag("--threshold")] = 0.8
    model: Annotated[str, Field(description="Name or folder of a model"), PathIfExists()] = "hashed"
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import UnionType
from typing import Any, ClassVar, Protocol, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic.fields import FieldInfo


class Settings(BaseModel):
    """Base of all settings: they cannot be changed, and refuse fields that they do not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)  # built when it is first used
    renamed: ClassVar[Mapping[str, str]] = {}  # earlier names of fields, which recipes may still use

    @model_validator(mode="before")
    @classmethod
    def _with_new_names(cls, value: Any) -> Any:
        if not isinstance(value, Mapping) or not value.keys() & cls.renamed.keys():
            return value
        for old, new in cls.renamed.items():
            if old in value and new in value:
                raise ValueError(f"{old} is the earlier name of {new}; give {new} only")
        return {cls.renamed.get(name, name): inner for name, inner in value.items()}

    def check(self) -> None:
        """Raises `UserError` for values that make no sense together or name what does not exist. Quick."""

    def prepare(self) -> None:
        """Raises `UserError` for files that cannot be read: called once, before hours of other work."""

    def source_names(self) -> Iterator[tuple[str, str]]:
        """Yields (field, name) for every source that the settings name, so that a recipe can check them."""
        yield from ()

    def reason_names(self) -> Iterator[tuple[str, str]]:
        """Yields (field, name) for every name that the user gives reasons: none may be that of a stage family."""
        yield from ()

    def signal_names(self) -> Iterator[tuple[str, str]]:
        """Yields (field, name) for every numeric signal that the settings name."""
        yield from ()


@dataclass(frozen=True, slots=True)
class Flag:
    """Marks a field that has an option of its own on the command line."""

    name: str  # as typed: --threshold
    metavar: str | None = None  # what stands for the value in the help; with commas for a list: A,B,...
    turns_on: bool = True  # a section that is off is on if the option is given; otherwise the option is refused
    as_text: bool = False  # the settings read the value: 2M, 64MB, A=0.7,B=0.3
    by_default: str = ""  # what the command gives a required field if the option is not there, for the help


NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"  # of an entry: safe as a file name, and in a slot


class Located(Protocol):
    """Marks a field that names files: how a value from a recipe is read relative to the recipe's folder."""

    def placed(self, value: str, folder: str, section: Mapping[str, Any]) -> str:
        """The value, joined to the folder where it is a relative path."""
        ...


@dataclass(frozen=True, slots=True)
class Path:
    """The field is a path or a URL."""

    def placed(self, value: str, folder: str, section: Mapping[str, Any]) -> str:
        """The path, joined to the folder if it is relative."""
        return joined(value, folder)


@dataclass(frozen=True, slots=True)
class PathIfExists:
    """The field is a path if there is a file of that name; otherwise it is the name of something else."""

    def placed(self, value: str, folder: str, section: Mapping[str, Any]) -> str:
        """The joined path if it exists, else the value."""
        path = joined(value, folder)
        return path if os.path.exists(path) else value


def joined(path: str, folder: str) -> str:
    """A path relative to a folder; absolute paths, URLs and `~` stay."""
    if not path.strip() or "://" in path or path.startswith("~") or os.path.isabs(path):
        return path
    return os.path.normpath(os.path.join(folder, path))


def marker(info: FieldInfo, kind: Any) -> Any:
    """The first annotation of a field that has a type, or None."""
    return next((one for one in info.metadata if isinstance(one, kind)), None)


def located(info: FieldInfo) -> Located | None:
    """How a field's paths are placed, or None if it names no file."""
    return next((one for one in info.metadata if hasattr(one, "placed")), None)


def inner_model(annotation: Any) -> type[BaseModel] | None:
    """The model inside `Model`, `Model | None` or `tuple[Model, ...]`; None for a field that holds plain values."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (Union, UnionType, tuple):
        return next((model for inner in get_args(annotation) if (model := inner_model(inner))), None)
    return None


def is_list(annotation: Any) -> bool:
    """Whether a field holds several values."""
    if get_origin(annotation) in (Union, UnionType):
        return any(is_list(inner) for inner in get_args(annotation))
    return get_origin(annotation) is tuple
