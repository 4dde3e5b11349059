"""The core decides from its arguments alone: with clock, chance, files and sockets made to raise it writes the same."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.purity.guard import RESTRICTIONS
from tests.rules.scenario import paths

ROOT = Path(__file__).parents[2]

TOUCHES = {
    "time.time()": "the clock",
    "time.monotonic()": "the clock",
    "time.perf_counter_ns()": "the clock",
    "time.sleep(0)": "the clock",
    "time.localtime()": "the clock",
    "early_bound_time()": "the clock",
    "datetime.datetime.now(datetime.UTC)": "the clock",
    "datetime.datetime.utcnow()": "the clock",
    "datetime.datetime.today()": "the clock",
    "datetime.date.today()": "the clock",
    "clock.SystemClock().now()": "the clock",
    "random.random()": "chance",
    "random.choice([1, 2])": "chance",
    "random.Random(7).random()": "chance",
    "random.SystemRandom().random()": "chance",
    "secrets.token_hex()": "chance",
    "uuid.uuid1()": "chance",
    "uuid.uuid4()": "chance",
    "os.urandom(1)": "chance",
    "numpy.random.SeedSequence()": "chance",
    "open('/dev/null')": "files and the environment",
    "io.open('/dev/null')": "files and the environment",
    "pathlib.Path('/dev/null').read_text()": "files and the environment",
    "pathlib.Path('/').exists()": "files and the environment",
    "os.listdir('/')": "files and the environment",
    "os.environ['PATH']": "files and the environment",
    "os.getenv('PATH')": "files and the environment",
    "os.stat('/')": "files and the environment",
    "sys.stdout.write('a')": "files and the environment",
    "print('a')": "files and the environment",
    "opened.read()": "files and the environment",
    "logging.getLogger().warning('a')": "files and the environment",
    "zoneinfo.ZoneInfo.no_cache('Europe/Berlin')": "files and the environment",
    "importlib.import_module('colorsys')": "files and the environment",
    "socket.socket()": "sockets",
    "socket.create_connection(('127.0.0.1', 1))": "sockets",
    "socket.getaddrinfo('localhost', 1)": "sockets",
    "asyncio.run(asyncio.sleep(0))": "sockets",
    "urllib.request.urlopen('http://127.0.0.1:1')": "sockets",
    "subprocess.run(['true'])": "programs and threads",
    "os.system('true')": "programs and threads",
    "os.kill(0, 0)": "programs and threads",
    "os.fork()": "programs and threads",
    "threading.Thread(target=print).start()": "programs and threads",
    "swallowed()": "the clock",
}
"""What to run under the guard, and what it must be said to touch."""

FREE = (
    "datetime.datetime(2026, 11, 26, tzinfo=datetime.UTC).astimezone(berlin)",
    "datetime.datetime.fromisoformat('2026-11-26T15:00:00Z')",
    "io.BytesIO(b'a').read()",
    "json.dumps({'a': [1]})",
    "re.sub('a', 'b', 'abc')",
    "sorted({'b', 'a'})",
    "zones.zone_info('Europe/Berlin'), zones.zone_info('Mars/Phobos')",
    "derived_zones.derived_zones('+4930123456'), derived_zones.derived_zones('+12125550101')",
    "numbers.spellings('+541123456789'), countries.country_of('Asia/Tokyo')",
)
"""What is the core's to do."""

PROGRAM = """
import asyncio, datetime, importlib, io, json, logging, numpy.random, os, pathlib, random, re, secrets, socket
import subprocess, sys, threading, time, urllib.request, uuid, zoneinfo
from time import time as early_bound_time
from streams.base import clock
from streams.base.zone_data import load_tables, use_package_zones
from streams.logic.hours import countries, derived_zones, numbers, zones
from tests.purity.guard import Impure, guarded
use_package_zones()
load_tables()
opened, berlin = open("/dev/null"), zones.zone_info("Europe/Berlin")
def swallowed():
    try:
        time.time()
    except BaseException:
        pass
said = {}
for text in json.load(sys.stdin):
    code = compile(text, text, "eval")
    try:
        with guarded():
            eval(code)
        said[text] = None
    except Impure as impure:
        said[text] = str(impure)
sys.stderr.write("\\n" + json.dumps(said))
"""


@pytest.fixture(scope="module")
def said():
    """What the guard says of each, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], input=json.dumps([*TOUCHES, *FREE]), cwd=ROOT, capture_output=True, text=True,
        timeout=120, check=True,
    )  # fmt: skip
    return json.loads(done.stderr.splitlines()[-1])


@pytest.mark.parametrize("text", TOUCHES)
def test_the_guard_says_what_is_touched_where_and_what_to_do(text, said):
    assert said[text] is not None, "nobody noticed"
    (instead,) = (one.instead for one in RESTRICTIONS if one.what == TOUCHES[text])
    assert re.fullmatch(rf"\S+, line \d+ touches {TOUCHES[text]}: .+\. {re.escape(instead)}", said[text])


@pytest.mark.parametrize("text", FREE)
def test_the_guard_lets_the_core_do_what_is_its_own(text, said):
    assert said[text] is None


def test_every_restriction_is_tried():
    assert set(TOUCHES.values()) == {one.what for one in RESTRICTIONS}


@pytest.mark.timeout(300)
def test_the_core_touches_neither_clock_nor_chance_nor_files_nor_sockets_in_any_scenario():
    done = subprocess.run(
        [sys.executable, "-m", "tests.purity"], cwd=ROOT, env=os.environ | {"PYTHONHASHSEED": "3"},
        capture_output=True, text=True, timeout=280, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    *alone, together = done.stdout.splitlines()
    assert len(alone) == len(paths()) and together.startswith("together: ")
    assert sum(" 0 commands" not in line for line in alone) > len(alone) / 3, "too few of them dial"
