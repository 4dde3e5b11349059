"""One request, as a page sees it: who asks, what for, and how to answer. No page is reached without passing here."""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import quote
from zoneinfo import ZoneInfo

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from streams.base.console_settings import Role
from streams.console.access import masking
from streams.console.access.posts import COOKIE, FIELD
from streams.console.access.rates import POSTS, READS, Rate
from streams.console.access.who import Refused, Who
from streams.console.web.rendering import ENVIRONMENT, percent
from streams.console.web.site import Site

log = logging.getLogger(__name__)

FORM_BYTES_MAX = 2_000_000
"""A dead letter that is mended has at most a megabyte, and half as much again as a form is encoded."""
ZONE_COOKIE = "ringback_zone"


class Asking(NamedTuple):
    """A request. form: of a post, else empty. mark: for the forms of the answer."""

    site: Site
    request: Request
    who: Who
    now: datetime
    zone: ZoneInfo
    mark: str
    form: FormData

    @property
    def sees_numbers(self) -> bool:
        """Whether whole phone numbers are shown to them."""
        return self.who.may(self.site.settings.console_numbers_for)

    def asked(self, name: str) -> str:
        """A value of the address, or of the form; empty if it is not there."""
        found = self.form.get(name) or self.request.query_params.get(name) or ""
        return found.strip() if isinstance(found, str) else ""

    def shown(self, value: Any) -> Any:
        """A value of a record, or a text, as this person may see it."""
        return value if self.sees_numbers else masking.in_value(value)

    def shown_field(self, name: str, value: str) -> str:
        """The text of a field, as this person may see it."""
        return value if self.sees_numbers else str(masking.in_value(value, name))

    def digits(self, last_four: str) -> str:
        """The end of a number, as this person may see it."""
        return masking.last_digits(last_four, self.sees_numbers)

    def page(self, template: str, status: int = 200, **known: Any) -> Response:
        """The page of that template."""
        text = ENVIRONMENT.get_template(template).render(
            ask=self,
            who=self.who,
            now=self.now,
            zone=self.zone,
            mark=self.mark,
            Role=Role,
            percent_read=self._percent_read,
            **known,
        )
        return Response(text, status, media_type="text/html")

    def _percent_read(self) -> int | None:
        looks = self.site.looks
        return None if looks.is_caught_up() else percent(looks.readings())

    def to(self, address: str) -> Response:
        """Go on there."""
        return RedirectResponse(address, 303)


Handler = Callable[[Asking], Response]


def route(path: str, handler: Handler, role: Role = Role.VIEWER, methods: tuple[str, ...] = ("GET",)) -> Route:
    """A route of the console: nobody without that role reaches the handler, and no post from elsewhere."""

    async def endpoint(request: Request) -> Response:
        asking, is_new = await admitted(request, role)
        if asking is None:
            return _sign_in(request)
        answer = await run_in_threadpool(handler, asking)
        if is_new is not None:
            keep(answer, COOKIE, is_new, asking.site.is_encrypted)
        return answer

    return Route(path, endpoint, methods=list(methods), name=handler.__name__)


async def admitted(request: Request, role: Role = Role.VIEWER) -> tuple[Asking | None, str | None]:
    """The request, if it may be answered, and the browser's new cookie if it has none. Raises Refused."""
    site: Site = request.app.state.site
    now = site.clock.now()
    is_post = request.method == "POST"
    who = site.door.who(request, now)
    _count(site, POSTS if is_post else READS, who.name if who else peer(request))
    if who is None:
        return None, None
    if not who.may(role):
        raise Refused(403, f"This needs the role {role}; you have the role {who.role}.")
    form = await read_form(request) if is_post else FormData()
    if is_post:
        site.posts.check(request, who, form.get(FIELD))
    nonce, is_new = site.posts.nonce(request)
    asking = Asking(site, request, who, now, zone_of(request, site), site.posts.mark(nonce, who), form)
    return asking, nonce if is_new else None


def _count(site: Site, rate: Rate, who: str) -> None:
    wait = site.rates.take(rate, who)
    if wait:
        raise Refused(429, f"Too many requests. Try again in {wait:.0f} s.")


async def read_form(request: Request) -> FormData:
    """The form of a post. Raises Refused if it is too long, or does not say how long it is."""
    length = request.headers.get("content-length", "")
    if not length.isdigit():
        raise Refused(411, "A post says how long it is.")
    if int(length) > FORM_BYTES_MAX:
        raise Refused(413, f"A post has at most {FORM_BYTES_MAX} bytes.")
    return await request.form(max_files=0, max_fields=10_000)


def peer(request: Request) -> str:
    """The address that a request came from."""
    return request.client.host if request.client else "unknown"


def zone_of(request: Request, site: Site) -> ZoneInfo:
    """The time zone of whoever looks: as their browser has said, else as the settings have it."""
    try:
        return ZoneInfo(request.cookies.get(ZONE_COOKIE, "") or site.settings.console_time_zone)
    except (KeyError, ValueError, OSError):
        return ZoneInfo(site.settings.console_time_zone)


def keep(answer: Response, cookie: str, value: str, encrypted: bool, seconds: int | None = None) -> None:
    """Give the browser a cookie that no script reads and no other site's post carries."""
    answer.set_cookie(cookie, value, max_age=seconds, httponly=True, samesite="lax", secure=encrypted)


def _sign_in(request: Request) -> Response:
    if request.method != "GET" or "text/html" not in request.headers.get("accept", "text/html"):
        raise Refused(401, "Nobody has signed in.")
    return RedirectResponse(f"/sign-in?to={quote(address(request), safe='')}", 303)


def address(request: Request) -> str:
    """Path and query of a request."""
    return f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path
