"""`ringback demo --console`: a console on what happens, which is gone when the demo is."""

import re
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

from streams.dev.children import die_with_parent
from tests.waiting import GUARD_S

DEMO = (sys.executable, "-m", "streams", "demo", "--console", "--seconds", "20")


@pytest.mark.long
def test_the_console_shows_the_morning_while_it_lasts_and_is_gone_after_it():
    process = subprocess.Popen(DEMO, stdout=subprocess.PIPE, text=True, preexec_fn=die_with_parent())
    try:
        assert process.stdout is not None
        lines = iter(process.stdout.readline, "")
        url = next(found[1] for line in lines if (found := re.search(r"console is at (\S+/)", line)))
        guard = time.monotonic() + GUARD_S
        while '<h1 class="hidden">Now' not in page(url) or "None is outstanding" in page(url):
            assert time.monotonic() < guard
            time.sleep(0.5)
        said = process.communicate(timeout=2 * GUARD_S)[0]
    finally:
        process.kill()
    assert process.returncode == 0, said
    assert "It adds up" in said
    with pytest.raises(urllib.error.URLError):
        page(url)


def page(url):
    with urllib.request.urlopen(url, timeout=GUARD_S) as answer:
        return answer.read().decode()
