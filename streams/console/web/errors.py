"""Pages for what went wrong: one sentence and the way on. A traceback is in the log, never on a page."""

import logging

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from streams.base.log import about
from streams.console.access.who import Refused
from streams.console.web.filters import NotUnderstood
from streams.console.web.not_there import NotThere
from streams.console.web.rendering import ENVIRONMENT

log = logging.getLogger(__name__)

TITLES = {
    400: "That was not understood",
    401: "Nobody has signed in",
    403: "This was not done",
    404: "There is nothing here",
    405: "That is not done here",
    409: "This was not done",
    413: "That is too much",
    429: "Too many requests",
    500: "That was our mistake",
    503: "Not now",
}


async def refused(request: Request, error: Exception) -> Response:
    """What was not let in, with the reason."""
    assert isinstance(error, Refused)
    return page(request, error.status, error.message)


async def not_there(request: Request, error: Exception) -> Response:
    """An address that leads to nothing."""
    return page(request, 404, str(error))


async def not_understood(request: Request, error: Exception) -> Response:
    """An address with a word or an instant that there is not."""
    return page(request, 400, str(error))


async def http_error(request: Request, error: Exception) -> Response:
    """What Starlette says: no such page, no such method."""
    assert isinstance(error, HTTPException)
    return page(request, error.status_code, "")


async def bug(request: Request, error: Exception) -> Response:
    """A mistake of ours: its traceback is in the log, with the page and without what was asked."""
    where = getattr(request.scope.get("route"), "path", "?")
    log.error("the page %s failed: %s", where, type(error).__name__, exc_info=error, extra=about("page_failed"))
    return page(request, 500, "The log of the console says more.")


def page(request: Request, status: int, message: str) -> Response:
    """An error as a page; as a line of text for a program or a script."""
    title = TITLES.get(status, "This did not work")
    if "text/html" not in request.headers.get("accept", "") or request.headers.get("hx-request"):
        return PlainTextResponse(f"{title}. {message}".strip() + "\n", status)
    text = ENVIRONMENT.get_template("error.html").render(title=title, message=message, status=status)
    return Response(text, status, media_type="text/html")


HANDLERS = {
    Refused: refused,
    NotThere: not_there,
    NotUnderstood: not_understood,
    HTTPException: http_error,
    Exception: bug,
}
