"""The recipe's section `shout`."""

from typing import Annotated

from pydantic import Field

from corpus.settings import Flag, Settings


class Shout(Settings):
    """Drops documents that shout."""

    most_capitals: Annotated[
        float, Field(ge=0, le=1, description="Largest share of capital letters, in [0, 1]"), Flag("--most-capitals")
    ] = 0.5
