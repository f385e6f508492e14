"""What every part of a recipe is: frozen, and closed to fields that it does not know."""

from pydantic import BaseModel, ConfigDict


class RecipeModel(BaseModel):
    """Base of the recipe's models."""

    model_config = ConfigDict(extra="forbid", frozen=True)
