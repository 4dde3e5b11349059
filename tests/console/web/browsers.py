"""A real browser before a console that really listens: Debian's Chromium, driven by Playwright; skipped without it."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

import pytest
import uvicorn
from playwright.sync_api import BrowserContext, Page, sync_playwright

from streams.console.web.app import create_app
from streams.console.web.site import Site
from tests.ports import reserved_ports
from tests.waiting import GUARD_S

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
AXE = Path(__file__).parent / "vendor/axe-4.14.1.min.js"
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="needs a Chromium (Debian: apt install chromium)")
WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 800}


@contextmanager
def listening(console: Site) -> Iterator[str]:
    """The address of a console that listens until the end of the context."""
    (port,) = reserved_ports("127.0.0.1", 1)
    config = uvicorn.Config(
        create_app(console), port=port, log_config=None, lifespan="off", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        guard = monotonic() + GUARD_S
        while not server.started:
            assert thread.is_alive(), "the console has ended"
            assert monotonic() < guard, "the console does not listen"
            sleep(0.01)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(20)


@contextmanager
def chromium() -> Iterator["Chromium"]:
    """A Chromium that ends with the context."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        try:
            yield Chromium(browser)
        finally:
            browser.close()


class Chromium:
    """Opens pages; each in a browser of its own, as it were."""

    def __init__(self, browser) -> None:
        self._browser = browser

    @contextmanager
    def page(self, address: str, scheme: str = "light", size: dict[str, int] | None = None, scripts: bool = True):
        """A page of the console, which collects what the browser complains of in `complaints`."""
        context: BrowserContext = self._browser.new_context(
            base_url=address, color_scheme=scheme, viewport=size or WIDE, java_script_enabled=scripts,
            timezone_id="America/New_York", locale="en-GB", reduced_motion="reduce",
        )  # fmt: skip
        page: Page = context.new_page()
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.complaints = complaints  # type: ignore[attr-defined]
        try:
            yield page
        finally:
            context.close()


def violations(page: Page) -> list[str]:
    """What axe finds on a page, one line for each, with the first element."""
    # Not as a script tag, which the page's policy refuses; evaluated as the developer tools do.
    page.evaluate(AXE.read_text("utf-8") + "\n;0")
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [f"{one['id']}: {one['help']}: {one['nodes'][0]['html'][:200]}" for one in found["violations"]]
