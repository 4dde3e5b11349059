"""A real Asterisk for a test, with the configuration that `examples/asterisk_dialer/asterisk` ships.

It runs from the folder that tests/telephony/get_asterisk has unpacked, without being installed, as whoever runs the
tests: on free ports of the loopback, with all that it writes in a temporary folder, and never longer than the test.
"""

import os
import random
import re
import shutil
import socket
import subprocess
import time
import urllib.request
from base64 import b64encode
from pathlib import Path
from typing import Self

import pytest

from streams.dev.children import die_with_parent, stop
from tests.ports import reserved_ports

HOST = "127.0.0.1"
ROOT = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ringback" / "asterisk"
SHIPPED = Path(__file__).parents[2] / "examples" / "asterisk_dialer" / "asterisk"
USER, PASSWORD = "ringback", "s3cret"
READY_S = 60.0
BELOW_EPHEMERAL = range(20000, 30000)
"""Ports that the kernel gives to no connection."""

AGENTS = """
[ringback-agents]
exten => queue,1,GotoIf($["${RINGBACK_QUEUE}" != "sales"]?talk)
 same => n,Set(WRAP_UP_CODE=SALE)
 same => n,Set(AGENT_ID=agent-7)
 same => n(talk),Wait(1)
 same => n,Hangup()
exten => agent,1,Wait(1)
 same => n,Hangup()
"""
PJSIP = """
[transport]
type = transport
protocol = udp
bind = {host}:{port}

[trunk]
type = endpoint
transport = transport
context = nobody
disallow = all
allow = ulaw
aors = trunk
direct_media = no

[trunk]
type = aor
contact = sip:{host}:{trunk}
"""
AMD = """
[general]
silence_threshold = 256
initial_silence = 4000
after_greeting_silence = 1000
greeting = 1500
min_word_length = 100
maximum_number_of_words = 50
between_words_silence = 400
total_analysis_time = 5000
"""
"""It forgives gaps in the voice: a machine that has much to do sends and takes its frames late."""
NEITHER_SHIPPED_NOR_NEEDED = """
[modules]
autoload = yes
noload = cdr_csv.so
noload = cdr_custom.so
noload = chan_iax2.so
noload = chan_unistim.so
noload = pbx_dundi.so
noload = res_config_ldap.so
noload = res_phoneprov.so
"""


def need() -> None:
    """Skip the test on a machine that has no Asterisk to run, or no sipp to call."""
    if not (ROOT / "usr" / "sbin" / "asterisk").exists():
        pytest.skip(f"no Asterisk in {ROOT}: tests/telephony/get_asterisk unpacks one")
    if shutil.which("sipp") is None:
        pytest.skip("no sipp (Debian: apt install sip-tester)")


def free_udp_port() -> int:
    """A port that nobody has."""
    while True:
        port = random.choice(BELOW_EPHEMERAL)
        with socket.socket(type=socket.SOCK_DGRAM) as one:
            try:
                one.bind((HOST, port))
            except OSError:
                continue
            return port


class Asterisk:
    """One, with a trunk to `trunk_port`, where a `Callee` answers. `url` is that of its HTTP server."""

    def __init__(self, folder: Path, trunk_port: int) -> None:
        self._folder = folder / "asterisk"
        self._http_port = reserved_ports(HOST, 1)[0]
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"http://{HOST}:{self._http_port}"
        self.log = folder / "asterisk.log"
        self._configure(trunk_port)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start it; returns when ARI answers. Raises RuntimeError when it has ended, TimeoutError."""
        libraries = next((ROOT / "usr" / "lib").glob("*-linux-*"))
        loader = next(path for path in (ROOT / "usr").glob("lib*/ld-linux*"))
        command: list[str | Path] = [loader, "--library-path", libraries, ROOT / "usr" / "sbin" / "asterisk", "-f"]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "-C", self._folder / "etc" / "asterisk.conf"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, preexec_fn=die_with_parent(),
            )  # fmt: skip
        deadline = time.monotonic() + READY_S
        while not self._answers():
            if self._process.poll() is not None:
                raise RuntimeError(f"Asterisk ended with {self._process.returncode}: {self.log.read_text()[-2000:]}")
            if time.monotonic() > deadline:
                raise TimeoutError(f"Asterisk is not ready: {self.log.read_text()[-2000:]}")
            time.sleep(0.1)

    def stop(self) -> None:
        """End it, with all calls; harmless when it has ended."""
        if self._process is not None and self._process.poll() is None:
            stop(self._process)

    def kill(self) -> None:
        """SIGKILL: nobody hears how its calls end."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def hang_up(self, call_id: str) -> None:
        """End a call as Asterisk does when nobody has answered. Raises OSError when there is no such call."""
        self._ask("DELETE", f"channels/{call_id}?reason=no_answer")

    def _answers(self) -> bool:
        try:
            self._ask("GET", "endpoints/PJSIP/trunk")
        except OSError:
            return False
        return True

    def _ask(self, method: str, path: str) -> None:
        secret = b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        request = urllib.request.Request(f"{self.url}/ari/{path}", method=method)
        request.add_header("Authorization", f"Basic {secret}")
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=5).close()

    def _configure(self, trunk_port: int) -> None:
        etc = self._folder / "etc"
        etc.mkdir(parents=True)
        places = {"astetcdir": etc, "astmoddir": next((ROOT / "usr" / "lib").glob("*-linux-*/asterisk/modules"))}
        places["astdatadir"] = ROOT / "usr" / "share" / "asterisk"
        for name in ("astvarlibdir", "astdbdir", "astkeydir", "astspooldir", "astrundir", "astlogdir"):
            places[name] = self._folder / name
            places[name].mkdir()
        directories = "".join(f"{name} => {place}\n" for name, place in places.items())
        shipped = {path.name: path.read_text() for path in SHIPPED.glob("*.conf")}
        changed = {
            "ari.conf": re.sub(r"^password = .*$", f"password = {PASSWORD}", shipped["ari.conf"], flags=re.M),
            "asterisk.conf": f"[directories]\n{directories}\n{shipped['asterisk.conf']}",
            "http.conf": re.sub(r"^bindport = .*$", f"bindport = {self._http_port}", shipped["http.conf"], flags=re.M),
            "extensions.conf": f"#include extensions_ringback.conf\n{AGENTS}",
        }
        own = {
            "amd.conf": AMD,
            "logger.conf": "[general]\n[logfiles]\nconsole => notice,warning,error\n",
            "modules.conf": NEITHER_SHIPPED_NOR_NEEDED,
            "pjsip.conf": PJSIP.format(host=HOST, port=free_udp_port(), trunk=trunk_port),
            "rtp.conf": "[general]\nrtpstart = 10000\nrtpend = 19999\n",
        }
        for name, text in (shipped | changed | own).items():
            (etc / name).write_text(text)
