"""Takes the pictures of docs/console.md: `python -m tests.console.web.screenshots docs/images`.

They are of a morning that is made up, on a clock that stands; they need Chromium and pngquant.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.console.web import tried
from tests.console.web.browsers import PHONE, WIDE, chromium, listening
from tests.console.web.rig import filled, rig

SHOWN = {
    "now": "/",
    "search": "/callbacks?q=spring&outstanding=1",
    "callback": "/callback?list=L&contact=c44&id=r-ad485fa5aaf24f17b43a2c027e305076",
    "forecast": "/callback?list=L&contact=c4&id=k4",
    "contact": "/contact?list=L&contact=c44",
    "dead-letters": "/dead-letters",
    "campaigns": "/campaigns",
    "campaign": "/campaign?id=spring",
    "act": "/act?agent=a7&outstanding=1&act=reassign",
    "run": "/run?name=run-1",
    "what-if": "/what-if?topic=rule-sets&key=R",
    "trial": "/trial?name=trial-1",
    "reading": "/reading",
}
PHONES = ("now", "callback")


def main(folder: Path) -> None:
    """Take each page in light and dark, and some as a phone shows them."""
    with tempfile.TemporaryDirectory() as there:
        view = filled(Path(there) / "view")
        console = rig(view, Path(there) / "console", console_open_role="admin")
        with console.browser() as browser:
            console.trials.begin(tried.asked())
            console.trials.found = tried.found()
            pages = SHOWN | {"dead-letter": browser.letter()}
            browser.post("/act", page="/act?agent=a7", act="reassign", agent_id="a2", why="a7 has left", agent="a7")
        with listening(console.site) as address, chromium() as browser:
            for name, path in pages.items():
                for scheme in ("light", "dark"):
                    _take(browser, address, path, folder / f"console-{name}-{scheme}.png", scheme, WIDE)
            for name in PHONES:
                _take(browser, address, pages[name], folder / f"console-{name}-phone.png", "light", PHONE)


def _take(browser, address: str, path: str, file: Path, scheme: str, size: dict[str, int]) -> None:
    with browser.page(address, scheme, size) as page:
        page.goto(path, wait_until="load")
        page.wait_for_timeout(300)
        page.screenshot(path=file, full_page=False)
    subprocess.run(["pngquant", "--force", "--ext", ".png", "--quality", "40-80", "--speed", "1", file], check=True)
    print(file.name, file.stat().st_size)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
