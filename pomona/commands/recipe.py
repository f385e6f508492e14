"""`pomona recipe`: prints every field that a recipe can have."""

import typer

from pomona.commands.options import JsonOption


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("recipe")(recipe)


def recipe(as_json: JsonOption = False) -> None:
    """Print a recipe with every field's meaning, unit and bounds."""
    from pomona import output
    from pomona.recipe.text import commented, fields

    listed = [dict(zip(("field", "type", "default", "doc"), field, strict=True)) for field in fields()]
    output.show(listed, commented().rstrip(), as_json)
