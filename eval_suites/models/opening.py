"""Opens a model, wherever it is: in a folder or a file of this machine, or behind an endpoint."""

from typing import TYPE_CHECKING

from corpus import imports
from eval_suites.models.endpoint.address import is_address
from eval_suites.models.endpoint.settings import Endpoint
from eval_suites.models.responses import Responder

if TYPE_CHECKING:
    from eval_suites.settings import DtypeName


def check(where: str, endpoint: Endpoint) -> None:
    """Raises `UserError` for a model that is not there, before anything heavy is loaded."""
    if is_address(where):
        from eval_suites.models.endpoint.responder import check as check_endpoint

        check_endpoint(where, endpoint)
    else:
        from eval_suites.models import loading

        loading.checked(where)


def open_model(
    where: str, *, endpoint: Endpoint, dtype: "DtypeName" = "float32", chat: bool = False, seed: int = 0
) -> Responder:
    """Returns what answers for a model. `chat`: through its chat template, which an endpoint fills in by itself."""
    if is_address(where):
        from eval_suites.models.endpoint.responder import EndpointResponder

        return EndpointResponder(where, endpoint, chat=chat, seed=seed)
    with imports.quickly():
        from eval_suites.models import loading
        from eval_suites.models.local import LocalResponder

        return LocalResponder(loading.load(where, dtype=dtype), seed=seed)
