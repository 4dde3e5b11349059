"""The console as an ASGI application: its routes, and what stands before all of them."""

from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from streams.base.console_settings import Role
from streams.console.access.headers import SecurityHeaders
from streams.console.web import (
    acting,
    callback,
    campaigns,
    dead_letters,
    errors,
    now,
    progress,
    search,
    sign_in,
    what_if,
)
from streams.console.web.access_log import AccessLog
from streams.console.web.asking import route
from streams.console.web.hosts import known_hosts
from streams.console.web.live import Live
from streams.console.web.site import Site

STATIC = Path(__file__).parent / "static"
POST = ("POST",)


class Files(StaticFiles):
    """Style, scripts and what others have written; a browser asks each time whether they are as they were."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file."""
        answer = await super().get_response(path, scope)
        answer.headers.setdefault("cache-control", "no-cache")
        return answer


def create_app(site: Site) -> Starlette:
    """The application of one console."""
    app = Starlette(
        routes=routes(),
        middleware=[
            Middleware(AccessLog),
            Middleware(SecurityHeaders, encrypted=site.is_encrypted),
            Middleware(TrustedHostMiddleware, allowed_hosts=known_hosts(site.settings), www_redirect=False),
            Middleware(GZipMiddleware, minimum_size=2000),
        ],
        exception_handlers=errors.HANDLERS,
    )
    app.state.site = site
    return app


def routes() -> list[BaseRoute]:
    """All routes. Those made by `route` let nobody through who may not; the others are open to everybody."""
    return [
        *_pages(),
        *_posts(),
        Route("/live", Live().stream, name="live"),
        Route("/sign-in", sign_in.sign_in, methods=["GET", "POST"], name="sign_in"),
        Route("/sign-out", sign_in.sign_out, methods=["POST"], name="sign_out"),
        Route("/livez", _livez, name="livez"),
        Mount("/static", Files(directory=STATIC), name="static"),
    ]


def _pages() -> list[Route]:
    return [
        route("/", now.now_page),
        route("/callbacks", search.search_page),
        route("/callback", callback.callback_page),
        route("/contact", callback.contact_page),
        route("/dead-letters", dead_letters.groups_page),
        route("/dead-letters/group", dead_letters.group_page),
        route("/dead-letter", dead_letters.letter_page),
        route("/campaigns", campaigns.campaigns_page),
        route("/campaign", campaigns.campaign_page),
        route("/runs", acting.runs_page),
        route("/run", acting.run_page),
        route("/act", acting.act_page, Role.OPERATOR),
        route("/what-if", what_if.what_if_page),
        route("/trial", what_if.trial_page),
        route("/reading", progress.progress_page),
    ]


def _posts() -> list[Route]:
    return [
        route("/find", search.find, methods=POST),
        route("/act", acting.act_on_selected, Role.OPERATOR, POST),
        route("/run", acting.act_on_run, Role.OPERATOR, POST),
        route("/what-if", what_if.try_change, Role.OPERATOR, POST),
        route("/trial", what_if.on_trial, Role.OPERATOR, POST),
        route("/dead-letter", dead_letters.replay_letter, Role.OPERATOR, POST),
        route("/dead-letters/group", dead_letters.replay_group, Role.OPERATOR, POST),
    ]


async def _livez(_: Request) -> Response:
    return PlainTextResponse("ok\n")
