"""Whoever is called: a sipp that answers each number in its way, says what it hears, and knows what rang.

The last digit of a number says who it is. People and machines speak: a tone stands for the voice.
"""

import re
import subprocess
from collections import Counter
from enum import IntEnum
from pathlib import Path
from typing import Self

from streams.dev.children import die_with_parent, stop
from tests.telephony.asterisk import HOST, free_udp_port

RATE = 8000
LOUD, SILENT = b"\x90\x90\x90\x90\x10\x10\x10\x10", b"\xff"
"""A wave of 1 kHz, and nothing, in the mu-law of G.711."""


class Kind(IntEnum):
    """Who answers a number that ends with this digit."""

    PERSON = 1
    MACHINE = 2
    BUSY = 3
    NOBODY = 4
    SILENT = 5
    HANGS_UP = 6
    UNKNOWN = 7
    NO_LINE = 8


def number(kind: Kind, which: int = 0) -> str:
    """The `which`-th number, up to 9, of this kind."""
    return f"+1212555010{kind}" if which == 0 else f"+1212555{which:03d}{kind}"


SCENARIO = """<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="callee">
  <recv request="INVITE" rrs="true" crlf="true">
    <action>
      <ereg regexp="sip:([+]?[0-9]+)@" search_in="hdr" header="To:" check_it="true" assign_to="all,number"/>
      <log message="rang [$number]"/>
      <ereg regexp="([0-9]+) INVITE" search_in="hdr" header="CSeq:" check_it="true" assign_to="line,cseq"/>
      {which}
    </action>
  </recv>
  <Reference variables="all,line"/>
  {jumps}
  {answers}
  <label id="99"/>
  <nop/>
</scenario>
"""
HEAD = """    [last_Via:]
    [last_From:]
    [last_To:]{tag}
    [last_Call-ID:]
    [last_CSeq:]
"""
TAG = ";tag=[pid]SIPpTag01[call_number]"
CONTACT = "    Contact: <sip:callee@[local_ip]:[local_port];transport=[transport]>\n"
SDP = """
    v=0
    o=callee 1 1 IN IP4 [local_ip]
    s=-
    c=IN IP4 [local_ip]
    t=0 0
    m=audio [rtpstream_audio_port] RTP/AVP 0
    a=rtpmap:0 PCMU/8000
"""


def reply(status: str, *, more: str = "", tag: str = TAG, sdp: str = "", again: bool = False) -> str:
    """A response, to the request that came last."""
    kind = "    Content-Type: application/sdp\n    Content-Length: [len]\n" if sdp else "    Content-Length: 0\n"
    text = f"    SIP/2.0 {status}\n{HEAD.format(tag=tag)}{CONTACT}{more}{kind}{sdp}"
    return f"<send{' retrans=' + chr(34) + '500' + chr(34) if again else ''}><![CDATA[\n{text}\n  ]]></send>"


ACK = """<recv request="ACK"><action>
    <ereg regexp=".*" search_in="hdr" header="To:" check_it="true" assign_to="us"/>
    <ereg regexp=".*" search_in="hdr" header="From:" check_it="true" assign_to="them"/>
  </action></recv>"""
RINGS = reply("180 Ringing")
UP = RINGS + reply("200 OK", sdp=SDP, again=True) + ACK
UNTIL_HUNG_UP = '<recv request="BYE"/>' + reply("200 OK", tag="")
BYE = """<send retrans="500"><![CDATA[
    BYE [next_url] SIP/2.0
    Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
    From:[$us]
    To:[$them]
    [last_Call-ID:]
    CSeq: 2 BYE
    Max-Forwards: 70
    Content-Length: 0
  ]]></send><recv response="200"/>"""


def refuses(status: str) -> str:
    """It answers so, and no phone rings."""
    return reply(status, again=True) + '<recv request="ACK"/>'


def speaks(file: str) -> str:
    """What is in the file is said, up to when the caller hangs up."""
    said = f'<nop><action><exec rtp_stream="{file},1,0"/></action></nop>'
    return UP + said + UNTIL_HUNG_UP


ANSWERS = {
    Kind.PERSON: speaks("person.ulaw"),
    Kind.MACHINE: speaks("machine.ulaw"),
    Kind.BUSY: refuses("486 Busy Here"),
    Kind.NOBODY: RINGS
    + '<recv request="CANCEL"/>'
    + reply("200 OK")
    + reply("487 Request Terminated", again=True).replace("[last_CSeq:]", "CSeq: [$cseq] INVITE")
    + '<recv request="ACK"/>',
    Kind.SILENT: UP + UNTIL_HUNG_UP,
    Kind.HANGS_UP: UP + '<pause milliseconds="300"/>' + BYE,
    Kind.UNKNOWN: refuses("404 Not Found"),
    Kind.NO_LINE: refuses("503 Service Unavailable"),
}


def scenario() -> str:
    """All of them in one: it jumps to the answer of the number's last digit."""
    which = "".join(
        f'<ereg regexp="{kind}$" search_in="var" variable="number" assign_to="is{kind}"/>\n' for kind in Kind
    )
    jumps = "".join(f'<nop test="is{kind}" next="{kind}"/>\n' for kind in Kind)
    end = '<nop next="99"/>'
    answers = "".join(f'<label id="{kind}"/>\n{answer}\n{end}\n' for kind, answer in ANSWERS.items())
    return SCENARIO.format(which=which, jumps=jumps, answers=answers)


class Callee:
    """One sipp, which answers at `port`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "callee"
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_udp_port()

    def __enter__(self) -> Self:
        self._folder.mkdir()
        (self._folder / "callee.xml").write_text(scenario())
        (self._folder / "person.ulaw").write_bytes(LOUD * (RATE * 4 // 10 // len(LOUD)) + SILENT * RATE * 20)
        (self._folder / "machine.ulaw").write_bytes(LOUD * (RATE * 8 // len(LOUD)))
        with (self._folder / "sipp.log").open("ab") as log:
            self._process = subprocess.Popen(
                ["sipp", "-sf", "callee.xml", "-i", HOST, "-p", str(self.port), "-mi", HOST, "-nostdin",
                 "-skip_rlimit", "-trace_logs", "-log_file", "rang.log", "-trace_err", "-error_file", "errors.log"],
                cwd=self._folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                preexec_fn=die_with_parent(),
            )  # fmt: skip
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            stop(self._process)

    @property
    def rang(self) -> Counter[str]:
        """How often each number was called, as the callee itself counts: it may have answered busy."""
        log = self._folder / "rang.log"
        return Counter(re.findall(r"rang ([+0-9]+)", log.read_text())) if log.exists() else Counter()
