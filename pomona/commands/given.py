"""Builds the options of commands from the settings of stage families, so that name, default, help and bounds agree.

A command that takes a section of the recipe declares a parameter `given: Given`, and is registered through `command`.
Every field of the section that is marked with a `Flag` becomes an option; `--set` sets all others. A parameter that is
annotated with `Running` becomes `--lake`, `--workers`, `--executor` and `--memory`.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args, get_origin

import typer

from corpus.errors import UserError
from corpus.settings import Flag, inner_model, is_list, marker
from pomona.commands.options import ExecutorOption, LakeOption, MemoryOption, Running, WorkersOption
from pomona.recipe.model import section as model_of

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic.fields import FieldInfo

    from pomona.stages import Wanted

_SET = "--set"
_TYPES: tuple[type, ...] = (bool, int, float, str)


@dataclass(frozen=True, slots=True)
class Option:
    """An option that sets one or more fields of a section."""

    flag: Flag
    places: tuple[str, ...]  # paths of the fields inside the section, with dots
    info: "FieldInfo"  # of the first field
    turns_on: str = ""  # what the inner section does that the option turns on; '' if it is on by default

    @property
    def parameter(self) -> str:
        """Name of the function's parameter."""
        return self.flag.name.lstrip("-").replace("-", "_")

    @property
    def by_commas(self) -> bool:
        """Whether the option takes several values with commas between them: A,B."""
        return is_list(self.info.annotation) and "," in (self.flag.metavar or "")

    def as_parameter(self) -> inspect.Parameter:
        """Converts the option for typer. An option that is not given has no value: the settings know the defaults."""
        kind: Any = str if self.flag.as_text else _plain_type(self.info.annotation)
        if is_list(self.info.annotation):
            kind = list[str]
        default: Any = False if kind is bool else None  # also if it is required: `--set` may give it
        option = typer.Option(self.flag.name, metavar=self._metavar(), help=self._help(), show_default=False)
        if kind is not bool:
            kind = kind | None
        annotation = Annotated[kind, option]
        return inspect.Parameter(self.parameter, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)

    def value(self, given: Any) -> Any:
        """Converts what was typed for the settings; None if the option was not given."""
        if given is None or given is False:
            return None
        if not self.by_commas:
            return given
        return [part.strip() for one in given for part in one.split(",") if part.strip()]

    def _metavar(self) -> str | None:
        return self.flag.metavar or "|".join(_choices(self.info.annotation)) or None

    def _help(self) -> str:
        default = self.info.get_default(call_default_factory=True) if not self.info.is_required() else None
        if self.turns_on and self.flag.turns_on:
            return f"{self.turns_on}. {self.info.description}."
        if self.info.is_required():
            told = f"[default: {self.flag.by_default}]" if self.flag.by_default else "[required]"
            return f"{self.info.description}. {told}"
        if default in (None, False, (), "", {}):
            return f"{self.info.description}."
        shown = ",".join(default) if isinstance(default, tuple) else default
        return f"{self.info.description}. [default: {shown}]"


@dataclass(frozen=True, slots=True)
class Given:
    """The fields of a section of the recipe that a command was given."""

    section: str
    fields: dict[str, Any] = field(default_factory=dict)  # nested as in a recipe
    assigned: frozenset[str] = frozenset()  # paths of the fields that `--set` gave

    def settings(self, **more: Any) -> Any:
        """Returns the section's settings; raises `UserError` that names the option as it was typed.

        `more` are fields that the command knows from another source.
        """
        from pydantic import ValidationError

        from corpus.model_errors import of_option

        model = model_of(self.section)
        if twice := sorted(self.assigned & more.keys()):
            raise UserError(f"{_SET} {twice[0]} sets what another option or argument sets; give one of them")
        try:
            settings: Any = model.model_validate(self.fields | more)
        except ValidationError as error:
            raise UserError(of_option(error, self._typed(), model)) from error
        settings.check()
        return settings

    def wanted(self, settings: Any, sources: tuple[str, ...]) -> "Wanted":
        """Returns the families that these settings turn on; raises `UserError` if a source or signal does not exist."""
        from pomona.stages import Wanted

        wanted = Wanted.of_section(self.section, settings, sources)
        typed = self._typed()
        for place, error in wanted.mistakes():
            inside = place.removeprefix(f"{self.section}.")
            for entry in settings if isinstance(settings, tuple) else ():
                inside = inside.removeprefix(f"{entry.name}.")
            raise UserError(f"{typed.get(inside, inside)}: {error}")
        return wanted

    def _typed(self) -> dict[str, str]:
        """Returns what the user typed for each field, by its path."""
        return _options_by_field(model_of(self.section)) | {place: f"{_SET} {place}" for place in self.assigned}


def command(
    function: Callable[..., None], section: str = "", *, without: tuple[str, ...] = (),
    by_default: Mapping[str, str] | None = None,
) -> Callable[..., None]:  # fmt: skip
    """Converts the function for typer, with an option for each setting of a section, except some.

    `by_default` says what the command gives required fields whose options are not there.
    """
    signature = inspect.signature(function)
    kinds = {name: parameter.annotation for name, parameter in signature.parameters.items()}
    options = [one for one in options_of(section) if one.flag.name not in without] if section else []
    told = by_default or {}
    options = [replace(one, flag=replace(one.flag, by_default=told.get(one.flag.name, one.flag.by_default)))
               for one in options]  # fmt: skip
    parameters: list[inspect.Parameter] = []
    for name, parameter in signature.parameters.items():
        if kinds[name] is Given:
            parameters += [*(option.as_parameter() for option in options), _set_parameter(section)]
        elif kinds[name] is Running:
            parameters += _running_parameters()
        else:
            parameters.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY))

    def run(**values: Any) -> None:
        taken: dict[str, Any] = {}
        for name in signature.parameters:
            if kinds[name] is Given:
                taken[name] = _given(section, options, values, values.pop("set_"))
            elif kinds[name] is Running:
                taken[name] = Running(*(values.pop(one.name) for one in _running_parameters()))
            else:
                taken[name] = values.pop(name)
        function(**taken)

    run.__name__, run.__doc__ = function.__name__, function.__doc__
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


def options_of(section: str) -> list[Option]:
    """Returns the options of a section: one for each flag, in the order of the fields."""
    options: dict[str, Option] = {}
    for place, info, turns_on in _walk(model_of(section)):
        flag = marker(info, Flag)
        if flag is None or not flag.name.startswith("--"):
            continue
        before = options.get(flag.name)
        places = (*before.places, place) if before else (place,)
        options[flag.name] = Option(flag, places, before.info if before else info, turns_on)
    return list(options.values())


def _walk(model: type["BaseModel"], prefix: str = "", turns_on: str = "") -> "Iterator[tuple[str, FieldInfo, str]]":
    """Yields (path, info, what its section does if that is off) of every field, also of inner sections.

    Lists of sections do not have options.
    """
    for name, info in model.model_fields.items():
        inner = inner_model(info.annotation)
        if inner is None:
            yield f"{prefix}{name}", info, turns_on
        elif not is_list(info.annotation):
            is_off = info.default is None
            yield from _walk(inner, f"{prefix}{name}.", (info.description or "").partition(";")[0] if is_off else "")


def _options_by_field(model: type["BaseModel"]) -> dict[str, str]:
    """Returns what a user types for each field, by its path."""
    typed = {}
    for place, info, _ in _walk(model):
        flag = marker(info, Flag)
        typed[place] = flag.name if flag else f"{_SET} {place}"
    return typed


def _given(section: str, options: list[Option], values: dict[str, Any], settings: list[str] | None) -> Given:
    """Builds the section's nested fields from the given options."""
    fields: dict[str, Any] = {}
    assigned: set[str] = set()
    for assignment in settings or ():
        place, value = _assigned(assignment, section)
        names = _names(model_of(section), place)
        if ".".join(names) in assigned:
            raise UserError(f"{_SET} {place} is given twice; give it once")
        _put(fields, names, value, f"{_SET} {place}")
        assigned.add(".".join(names))

    given = [(option, option.value(values.pop(option.parameter))) for option in options]
    given = [(option, value) for option, value in given if value is not None]
    for option, value in sorted(given, key=lambda pair: not pair[0].flag.turns_on):
        places = [place for place in option.places if option.flag.turns_on or _is_on(fields, place)]
        if not places:
            openers = [_opener(options, place.rpartition(".")[0]) for place in option.places]
            raise UserError(f"{option.flag.name} requires {' or '.join(openers)}, which is not given")
        for place in places:
            if place in assigned:
                raise UserError(f"{option.flag.name} and {_SET} {place} set the same field; give one of them")
            _put(fields, place.split("."), value, option.flag.name)
    return Given(section, fields, frozenset(assigned))


def _names(model: type["BaseModel"], place: str) -> list[str]:
    """Splits a path at its dots, except inside a field that has keys of its own: `limits.c4.min_sentences`."""
    names = place.split(".")
    at: type[BaseModel] | None = model
    for i, name in enumerate(names):
        info = at.model_fields.get(name) if at else None
        if info is None:
            return names
        at = inner_model(info.annotation)
        if at is None and get_origin(info.annotation) is dict:
            return [*names[: i + 1], ".".join(names[i + 1 :])] if names[i + 1 :] else names
    return names


def _is_on(fields: dict[str, Any], place: str) -> bool:
    """Whether the section of a field was turned on."""
    for name in place.split(".")[:-1]:
        if name not in fields:
            return False
        fields = fields[name]
    return True


def _opener(options: list[Option], inner: str) -> str:
    """Returns the option that turns an inner section on."""
    opens = (o.flag.name for o in options if o.flag.turns_on and o.places[0].startswith(f"{inner}."))
    return next(opens, f"{_SET} {inner}")


def _put(fields: dict[str, Any], names: list[str], value: Any, typed: str) -> None:
    *above, last = names
    for name in above:
        inner = fields.setdefault(name, {})
        if not isinstance(inner, dict):
            raise UserError(f"{typed}: {name} was set to {inner!r}, so it has no fields")
        fields = inner
    fields[last] = value


def _assigned(text: str, section: str) -> tuple[str, Any]:
    """Returns (path in the section, value) of `FIELD=VALUE`; the value is read as in a recipe."""
    from corpus import yaml_text

    place, equals, value = text.partition("=")
    place = place.strip().removeprefix(f"{section}.")
    if not equals or not place:
        raise UserError(f"{_SET} takes FIELD=VALUE, e.g. {_SET} {_example(section)}; got {text!r}")
    return place, yaml_text.read(value, f"{_SET} {place}")[0]


def _set_parameter(section: str) -> inspect.Parameter:
    option = typer.Option(
        _SET,
        metavar="FIELD=VALUE",
        help=f"Any other field of the recipe's section {section}, e.g. {_example(section)}; see `pomona recipe`.",
        show_default=False,
    )
    kind = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter("set_", kind, default=None, annotation=Annotated[list[str] | None, option])


def _example(section: str) -> str:
    """Returns a field without an option, with its default."""
    fields = [(place, info) for place, info, _ in _walk(model_of(section))]
    unmarked = [(place, info) for place, info in fields if marker(info, Flag) is None]
    numbers = (f"{place}={info.default}" for place, info in unmarked if type(info.default) in (int, float))
    return next(numbers, f"{(unmarked or fields)[0][0]}=...")


def _running_parameters() -> list[inspect.Parameter]:
    kinds = {"lake": LakeOption, "workers": WorkersOption, "executor": ExecutorOption, "memory": MemoryOption}
    defaults = {"executor": "local"}
    keyword = inspect.Parameter.KEYWORD_ONLY
    return [inspect.Parameter(n, keyword, default=defaults.get(n), annotation=kind) for n, kind in kinds.items()]


def _plain_type(annotation: Any) -> type:
    """Returns the type as which an option of a field is read: bool, int, float or str. The settings check the rest."""
    return next((kind for kind in _TYPES if annotation is kind or kind in get_args(annotation)), str)


def _choices(annotation: Any) -> list[str]:
    """Returns the values of a field that accepts only a few."""
    for candidate in (annotation, *get_args(annotation)):
        if get_origin(candidate) is Literal:
            return [str(value) for value in get_args(candidate)]
    return []
