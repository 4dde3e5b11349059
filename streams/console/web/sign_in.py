"""The page to sign in with a token, and to sign out.

It is open to everybody, so its posts are checked and counted here.
"""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from streams.console.access.door import SESSION, SESSION_COOKIE
from streams.console.access.posts import COOKIE, FIELD
from streams.console.access.rates import SIGN_INS
from streams.console.access.who import Refused
from streams.console.web.asking import keep, peer, read_form
from streams.console.web.rendering import ENVIRONMENT
from streams.console.web.site import Site


async def sign_in(request: Request) -> Response:
    """The form, and what comes of it."""
    site: Site = request.app.state.site
    if request.method == "GET":
        return _form(request, site, _inner(request.query_params.get("to", "")), "")
    form = await read_form(request)
    site.posts.check(request, None, form.get(FIELD))
    wait = site.rates.take(SIGN_INS, peer(request))
    if wait:
        raise Refused(429, f"Too many tries. Try again in {wait:.0f} s.")
    to, token = _inner(str(form.get("to", ""))), str(form.get("token", "")).strip()
    session = await run_in_threadpool(site.door.signed_in, token, site.clock.now())
    if session is None:
        return _form(request, site, to, "Nobody has that token.", 401)
    answer = RedirectResponse(to, 303)
    keep(answer, SESSION_COOKIE, session, site.is_encrypted, int(SESSION.total_seconds()))
    return answer


async def sign_out(request: Request) -> Response:
    """End the session of this browser."""
    site: Site = request.app.state.site
    form = await read_form(request)
    site.posts.check(request, site.door.who(request, site.clock.now()), form.get(FIELD))
    answer = RedirectResponse("/sign-in", 303)
    answer.delete_cookie(SESSION_COOKIE)
    return answer


def _form(request: Request, site: Site, to: str, wrong: str, status: int = 200) -> Response:
    nonce, is_new = site.posts.nonce(request)
    text = ENVIRONMENT.get_template("sign_in.html").render(
        to=to, wrong=wrong, mark=site.posts.mark(nonce, None), has_tokens=site.door.has_tokens
    )
    answer = Response(text, status, media_type="text/html")
    if is_new:
        keep(answer, COOKIE, nonce, site.is_encrypted)
    return answer


def _inner(to: str) -> str:
    """An address of this console, whatever was asked for: nobody is sent elsewhere."""
    is_inner = to.startswith("/") and not to.startswith(("//", "/\\")) and "\\" not in to
    return to if is_inner and to.isprintable() else "/"
