"""Posts: only from our own pages. A post is checked twice: where it came from, and by a mark that only our forms have.

A request with a bearer token needs neither: no browser sends one by itself.
Source: Fetch Metadata (Sec-Fetch-Site), RFC 6454 (Origin), OWASP's sheet on cross-site request forgery.
"""

import secrets
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from streams.console.access.seals import Seals
from streams.console.access.who import Refused, Way, Who

COOKIE = "ringback_form"
FIELD = "form_mark"
OURS = ("same-origin", "none")


class Posts:
    """Makes the marks of forms and checks posts. url: where browsers reach the console, if that is not its address."""

    def __init__(self, seals: Seals, url: str | None) -> None:
        self._seals, self._url = seals, urlsplit(url) if url else None

    def nonce(self, request: HTTPConnection) -> tuple[str, bool]:
        """What the cookie of this browser holds, and whether it is new."""
        known = request.cookies.get(COOKIE, "")
        return (known, False) if len(known) >= 32 else (secrets.token_urlsafe(24), True)

    def mark(self, nonce: str, who: Who | None) -> str:
        """The mark for the forms of one browser and person."""
        return self._seals.mark("form", f"{nonce}|{who.name if who else ''}")

    def check(self, request: HTTPConnection, who: Who | None, mark: object) -> None:
        """Raises Refused if the post did not come from a form of ours."""
        if who is not None and who.way is Way.BEARER:
            return
        if not self.is_ours(request):
            raise Refused(403, "This came from another site's page, and was not done.")
        nonce = request.cookies.get(COOKIE, "")
        text = f"{nonce}|{who.name if who else ''}"
        if not nonce or not isinstance(mark, str) or not self._seals.fits("form", text, mark):
            raise Refused(403, "The form is too old, or not ours. Load its page again, and send it once more.")

    def is_ours(self, request: HTTPConnection) -> bool:
        """Whether the browser says that one of our own pages sent it. One that says nothing is not believed."""
        site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
        if site is not None and site not in OURS:
            return False
        if origin is None:
            return site is not None
        return urlsplit(origin).netloc in self._hosts(request)

    def _hosts(self, request: HTTPConnection) -> set[str]:
        return {request.headers.get("host", "")} | ({self._url.netloc} if self._url else set())
