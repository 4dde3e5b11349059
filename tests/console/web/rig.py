"""A console over a morning, without Kafka: the real view, door and pages; what acts keeps what it was asked for."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from starlette.testclient import TestClient

from streams.base.console_settings import Role
from streams.base.settings import make
from streams.console.access.tokens import new_token
from streams.console.access.who import Who
from streams.console.actions.dead_letters import Edit
from streams.console.trial.change import Change
from streams.console.trial.files import Asked, Found, Progress
from streams.console.trial.trials import Busy, Trial
from streams.console.view.memory import fill
from streams.console.view.model import CallbackKey, DeadLetter
from streams.console.view.view import View
from streams.console.web.app import create_app
from streams.console.web.foreseen import Foreseen
from streams.console.web.site import Site, site
from streams.console.web.sources import AskedShown, Meant, NotDone, Replayed, RunShown, Wish
from tests.console.web import morning

OURS = "http://127.0.0.1"
MARK = re.compile(r'name="form_mark" value="([0-9a-f]+)"')


@dataclass
class At:
    """A clock that a test sets."""

    instant: datetime = morning.NOW

    def now(self) -> datetime:
        return self.instant

    def monotonic(self) -> float:
        return self.instant.timestamp()

    def moment(self, due: datetime, now: datetime, last: datetime) -> datetime:
        return now

    def wait_s(self, at: datetime | None) -> float:
        return 0.0


@dataclass
class Remembering:
    """Deeds that are only remembered."""

    planned: list[tuple[Any, ...]] = field(default_factory=list)
    begun: list[tuple[str, str]] = field(default_factory=list)
    shown: dict[str, RunShown] = field(default_factory=dict)

    def plan(self, wish: Wish, meant: Meant, who: Who) -> str:
        if wish.reason == "impossible":
            raise NotDone("That cannot be done.")
        self.planned.append((wish, meant, who.name))
        return self._add(str(wish.act), who)

    def plan_replay(self, letters: tuple[DeadLetter, ...], edit: Edit, who: Who) -> str:
        self.planned.append((letters, edit, who.name))
        return self._add("replay", who)

    def _add(self, act: str, who: Who) -> str:
        name = f"run-{len(self.shown) + 1}"
        self.shown[name] = RunShown(
            name=name, act=act, actor=who.name, reason=f"because {morning.SCRIPT}", state="planned",
            begun_at=morning.NOW, total=3, changes={"due_at": "2026-11-24T15:00:00Z"}, selected={"text": "a7"},
            may_begin=True,
        )  # fmt: skip
        return name

    def try_letter(self, letter: DeadLetter, edit: Edit, now: datetime) -> Replayed:
        return Replayed(fits=edit.value is not None, text="A worker would accept it.")

    def plan_change(self, change: Change, reason: str, who: Who) -> str:
        self.planned.append((change, reason, who.name))
        return self._add("configure", who)

    def plan_undo(self, name: str, who: Who) -> str:
        return self._add("move", who)

    def begin(self, name: str, who: Who) -> None:
        self.begun.append((name, who.name))

    def abort(self, name: str, who: Who) -> None:
        raise NotDone("It has ended.")

    def about(self, key: CallbackKey) -> tuple[AskedShown, ...]:
        asked = AskedShown("run-9", "move", "lee", "asked", "")
        return (asked,) if key.callback_id == "k0" else ()

    def runs(self) -> tuple[RunShown, ...]:
        return tuple(self.shown.values())

    def run(self, name: str) -> RunShown | None:
        return self.shown.get(name)


@dataclass
class Trying:
    """Trials that are only remembered. found: what each finds; busy: another one that runs."""

    begun: list[Asked] = field(default_factory=list)
    found: Found | None = None
    failed: str = ""
    busy: str = ""

    def begin(self, asked: Asked) -> None:
        if self.busy:
            raise Busy(self.busy)
        self.begun.append(asked)

    def abort(self, name: str) -> None:
        self.failed = "It was aborted."

    def trial(self, name: str) -> Trial | None:
        return next((one for one in self.all() if one.asked.name == name), None)

    def all(self) -> tuple[Trial, ...]:
        at = Progress("running", 10, 40)
        return tuple(Trial(asked=one, progress=at, found=self.found, failed=self.failed) for one in self.begun)


@dataclass
class Rig:
    """site: the console; tokens: by role."""

    site: Site
    deeds: Remembering
    trials: Trying
    clock: At
    tokens: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def browser(self, role: str | None = None, address: str = OURS, **options: Any) -> Iterator["Browser"]:
        """A browser, signed in with the token of a role if that is given."""
        with TestClient(create_app(self.site), base_url=address, follow_redirects=False, **options) as client:
            browser = Browser(client)
            if role:
                answer = browser.post("/sign-in", token=self.tokens[role], to="/", page="/sign-in")
                assert answer.status_code == 303, answer.text
            yield browser


@dataclass
class Browser:
    """A client that behaves as a browser does: it says where a post is from, and sends the form's mark."""

    client: TestClient

    def get(self, path: str, **asked: str) -> Any:
        address = f"{path}?{urlencode(asked)}" if asked else path
        return self.client.get(address, headers={"accept": "text/html", "sec-fetch-site": "none"})

    def letter(self) -> str:
        """The address of the dead letter of a callback whose notes have a script and a number."""
        text = self.get("/dead-letters/group", code="invalid", topic="callback-scheduled").text
        return str(re.findall(r'"(/dead-letter\?number=\d+)"', text)[0])

    def mark(self, page: str = "/callbacks") -> str:
        found = MARK.search(self.get(page).text)
        assert found, f"the page {page} has no form"
        return found[1]

    def post(self, path: str, page: str = "/callbacks", **given: Any) -> Any:
        data = {"form_mark": self.mark(page), **given}
        origin = str(self.client.base_url).rstrip("/")
        headers = {"origin": origin, "sec-fetch-site": "same-origin", "accept": "text/html"}
        return self.client.post(path, data=data, headers=headers)


def filled(folder: Path) -> Path:
    """A folder with the view of a morning."""
    fill(folder, morning.records(), partitions=morning.PARTITIONS)
    return folder


def rig(
    view: Path, folder: Path, *, tokens: bool = False, seconds: Callable[[], float] = lambda: 0.0, **settings: Any
) -> Rig:
    """A console over a filled view.

    tokens: people sign in with one; without, everybody has the open role. seconds: the clock of the rates of requests.
    """
    known = {role: new_token(f"{role}-1", role) for role in Role} if tokens else {}
    if tokens:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "tokens"
        path.write_text("# who may\n" + "".join(f"{line}\n" for _, line in known.values()))
        settings["console_token_file"] = path
    clock, deeds, trials, looks = At(), Remembering(), Trying(), View(view)
    made = make(console_dir=folder, **settings)
    built = site(made, clock, looks, Foreseen(looks), deeds, trials, seconds=seconds)
    return Rig(built, deeds, trials, clock, {str(role): token for role, (token, _) in known.items()})
