"""The console as a process: it reads topics and answers browsers, until a signal comes.

What it reads is in a folder of its own, with a consumer of its own: nothing it does can delay a worker.
"""

import asyncio
import contextlib
import logging
import signal
import socket
import sqlite3
from collections.abc import Generator

import uvicorn

from streams.base import addresses
from streams.base import log as logs
from streams.base.clock import Clock, SystemClock
from streams.base.console_settings import Role
from streams.base.errors import OperatorError
from streams.base.log import about
from streams.base.settings import Settings
from streams.base.zone_data import load_tables, use_newer_zones
from streams.console.actions.runs import Runs
from streams.console.trial.trials import Trials
from streams.console.view.reader import Reader
from streams.console.view.view import View
from streams.console.web.acts import Acts
from streams.console.web.app import create_app
from streams.console.web.foreseen import Foreseen
from streams.console.web.site import Site, site
from streams.kafka.clients import Clients

log = logging.getLogger(__name__)

FORGETS_EVERY_S = 60
"""How often what was done about contacts that were erased is looked for."""
STOP_S = 3
"""What answers may take when it stops; supervisors wait for ten seconds at least."""


class Server(uvicorn.Server):
    """Uvicorn's server, without its handlers of signals: ours end the reader too."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave them to us."""
        yield


def run(settings: Settings) -> int:
    """Run the console until SIGTERM or Ctrl-C; returns the exit code.

    Raises OperatorError when the port is taken, the folder cannot be written or the topics cannot be read.
    """
    logs.configure(settings.log_level, settings.log_format)
    use_newer_zones()
    load_tables()
    listening = bound(settings)
    with listening:
        return asyncio.run(_run(settings, listening))


def bound(settings: Settings) -> socket.socket:
    """The socket of the console. Raises OperatorError when the address cannot be had."""
    host = addresses.bare(settings.console_host)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, settings.console_port))
        listening.listen()  # So that nobody is turned away who has read in the log where it is.
    except OSError as error:
        listening.close()
        raise OperatorError(
            f"cannot listen on {addresses.in_url(host)}:{settings.console_port}: {error.strerror}. Set console_host or "
            "console_port, with 0 for any free port"
        ) from None
    return listening


async def _run(settings: Settings, listening: socket.socket) -> int:
    clock, clients = SystemClock(), Clients(settings)
    trials = Trials(settings)
    view, runs = View(settings.console_dir), Runs(settings.console_dir, clock)
    console = _console(settings, clients, clock, trials, view, runs)
    server = Server(_config(console))
    reading = asyncio.create_task(Reader(settings, settings.console_dir, clients).run())
    serving = asyncio.create_task(server.serve([listening]))
    forgetting = asyncio.create_task(_forget_contacts(runs, view))
    stopping = asyncio.create_task(_stopped())
    _say(settings, listening)
    try:
        await asyncio.wait({reading, serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        console.stopping.set()
        server.should_exit = True
        reading.cancel()
        stopping.cancel()
        forgetting.cancel()
        ended = await asyncio.gather(reading, serving, return_exceptions=True)
        trials.close()
    for error in ended:
        if isinstance(error, BaseException) and not isinstance(error, asyncio.CancelledError):
            raise error
    log.info("stopped", extra=about("console_stopped"))
    return 0


async def _forget_contacts(runs: Runs, view: View) -> None:
    """Now and then let go of what was done about contacts that have been erased since."""
    while True:
        await asyncio.sleep(FORGETS_EVERY_S)
        try:
            await asyncio.to_thread(runs.forget_contacts, view)
        except sqlite3.Error as error:
            log.warning("runs cannot be cleared of erased contacts now: %s", type(error).__name__)


def _console(settings: Settings, clients: Clients, clock: Clock, trials: Trials, view: View, runs: Runs) -> Site:
    acts = Acts(runs, view, clients, clock, asyncio.get_running_loop())
    return site(settings, clock, view, Foreseen(view), acts, trials)


def _config(console: Site) -> uvicorn.Config:
    return uvicorn.Config(
        create_app(console),
        log_config=None,
        access_log=False,  # Its lines have addresses, which name contacts; see access_log.py.
        proxy_headers=False,  # It would believe anybody on this machine; see access/door.py.
        server_header=False,
        ws="none",
        timeout_graceful_shutdown=STOP_S,
        lifespan="off",
    )


async def _stopped() -> None:
    """Until SIGTERM or SIGINT."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()


def _say(settings: Settings, listening: socket.socket) -> None:
    host, port = listening.getsockname()[:2]
    url = settings.console_url or f"http://{addresses.in_url(host)}:{port}/"
    log.info("the console is at %s", url, extra=about("console_listens", url=url, port=port))
    if not settings.console_signs_in:
        role = settings.console_open_role
        may = "look" if role is Role.VIEWER else "look and act"
        log.warning(
            "nobody has to sign in: everybody on this machine may %s, as %s. See docs/console.md, Who may do what",
            may, role, extra=about("console_open", role=str(role)),
        )  # fmt: skip
