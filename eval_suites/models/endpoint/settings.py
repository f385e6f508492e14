"""How an endpoint is asked. None of it changes what is asked, so scores do not depend on it."""

from typing import Annotated

from pydantic import Field

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
    at_once: Annotated[
        int, Field(ge=1, le=1024, description="Requests that are on their way at the same time"), Flag("--at-once")
    ] = 8
    per_minute: Annotated[
        float | None, Field(gt=0, description="Most requests per minute; no limit by default"), Flag("--per-minute")
    ] = None
    timeout_seconds: Annotated[float, Field(gt=0, description="Longest wait for an answer")] = 300.0
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
