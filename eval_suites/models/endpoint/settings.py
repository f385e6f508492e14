"""How an endpoint is asked. Nothing but the revision changes what is asked, so scores do not depend on the rest."""

from typing import Annotated

from pydantic import Field, model_validator

from corpus.settings import Flag, Settings


class Endpoint(Settings):
    """How a model behind an endpoint is asked."""

    key_variable: Annotated[
        str | None,
        Field(
            pattern=r"^[A-Za-z_][A-Za-z0-9_]*$",
            description="Environment variable with the endpoint's key, e.g. OPENAI_API_KEY; no key is sent by default",
        ),
        Flag("--key-variable", "NAME"),
    ] = None
    revision: Annotated[
        str | None,
        Field(description="Of the model behind the name: another text makes another score, and asks anew"),
    ] = None
    at_once: Annotated[
        int, Field(ge=1, le=1024, description="Requests that are on their way at the same time"), Flag("--at-once")
    ] = 8
    per_minute: Annotated[
        float | None, Field(gt=0, description="Most requests per minute; no limit by default"), Flag("--per-minute")
    ] = None
    timeout_seconds: Annotated[float, Field(gt=0, description="Longest wait for a whole answer")] = 300.0
    tries: Annotated[
        int, Field(ge=1, le=20, description="Tries of a request, with growing pauses, before the run stops")
    ] = 6
    input_price: Annotated[float, Field(ge=0, description="Price of a million tokens that are read")] = 0.0
    output_price: Annotated[float, Field(ge=0, description="Price of a million tokens that are written")] = 0.0
    most_cost: Annotated[
        float | None,
        Field(gt=0, description="Cost at which the run stops; what was answered is kept. It needs the prices"),
        Flag("--most-cost"),
    ] = None

    @model_validator(mode="after")
    def _makes_sense(self) -> "Endpoint":
        if self.most_cost is not None and not (self.input_price or self.output_price):
            raise ValueError("most_cost is a limit in money; it needs input_price or output_price")
        return self
