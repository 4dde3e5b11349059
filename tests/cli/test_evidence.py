"""`ringback evidence` on archives: made, verified with nothing but the file, and by openssl as the page says."""

import gzip
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from joserfc import jws
from joserfc.errors import BadSignatureError
from joserfc.jwk import OKPKey

from streams.cli.evidence import evidence
from streams.evidence.page import BEGIN
from tests.builders import NUMBER
from tests.evidence.days import OTHER, whole_day
from tests.evidence.test_archives import archived

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "evidence.md").read_text("utf-8")
PERIOD = ("--from", "2026-11-23", "--to", "2026-11-24")
needs_openssl = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="needs openssl (Debian: apt install openssl)"
)


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "evidence-key.pem"
    run(tmp_path, "openssl genpkey -algorithm ed25519 -out evidence-key.pem; chmod 600 evidence-key.pem")
    run(tmp_path, "openssl pkey -in evidence-key.pem -pubout -out evidence-public.pem")
    return path


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "november.archive"
    path.write_bytes(b"".join(archived(whole_day().records)))
    return path


def run(folder: Path, script: str, *, fails: bool = False) -> str:
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    command = ["sh", "-euc", script]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode != 0) == fails, done.stdout + done.stderr
    return done.stdout + done.stderr


def made(key: Path, *arguments: object, output: str = "evidence.html", number: str = NUMBER):
    given = ("--number", number, *PERIOD, "--key", str(key), "-o", str(key.parent / output), *map(str, arguments))
    return CliRunner().invoke(evidence, list(given), standalone_mode=False)


def verified(*arguments: object) -> tuple[int, str]:
    done = CliRunner().invoke(evidence, ["verify", *map(str, arguments)], standalone_mode=False)
    return done.return_value if done.exception is None else 1, done.output + str(done.exception or "")


@needs_openssl
def test_a_file_is_made_of_an_archive_and_holds(key, archive):
    done = made(key, "--archive", archive)
    assert done.exception is None, done.exception
    assert "1 made, 1 handed out, 6 not made, 0 not known" in done.output and NUMBER not in done.output
    path = key.parent / "evidence.html"
    assert path.stat().st_mode & 0o077 == 0
    code, said = verified(path, "--public-key", key.parent / "evidence-public.pem")
    assert code == 0 and "nothing was changed" in said and "the key that was given" in said


@needs_openssl
def test_the_json_has_the_same_document_as_the_page_and_verify_prints_it(key, archive):
    made(key, "--archive", archive)
    made(key, "--archive", archive, output="evidence.json")
    of_json = json.loads((key.parent / "evidence.json").read_text().splitlines()[0])
    page = (key.parent / "evidence.html").read_bytes()
    of_page = json.loads(page[page.rfind(BEGIN) + len(BEGIN) :].splitlines()[0])
    assert of_json | {"made": None} == of_page | {"made": None}
    code, said = verified(key.parent / "evidence.json", "--json")
    assert code == 0 and of_json == json.loads(next(line for line in said.splitlines() if line.startswith("{")))
    assert of_json["made"]["archives"][0]["name"] == archive.name


@needs_openssl
@pytest.mark.parametrize("form", ["evidence.html", "evidence.json"])
def test_openssl_verifies_it_as_the_page_of_docs_says_and_notices_a_change(key, archive, form):
    made(key, "--archive", archive, output=form)
    section = PAGE[PAGE.index("**Without Ringback.**") :]
    script = re.findall(r"^```sh\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    verify = script[0].replace("evidence.html", form)
    assert "Verified Successfully" in run(key.parent, verify)
    path = key.parent / form
    path.write_bytes(path.read_bytes().replace(b"wrong date", b"right date", 1))
    assert "Failure" in run(key.parent, verify, fails=True)
    shown = run(key.parent, script[1])
    made(key, "--archive", archive, output=form)
    assert re.findall(r"[0-9a-f]{64}", shown)[0] in verified(path)[1]


@needs_openssl
def test_a_library_of_json_web_signatures_verifies_it(key, archive):
    made(key, "--archive", archive, output="evidence.json")
    data = (key.parent / "evidence.json").read_bytes()
    content, line = data[: data.rfind(b"\n", 0, -1) + 1], data[data.rfind(b"\n", 0, -1) + 1 :]
    token = json.loads(line)["ringback-evidence-signature"]
    public = OKPKey.import_key((key.parent / "evidence-public.pem").read_bytes())
    verified_content = jws.deserialize_compact(token, public, payload=content, algorithms=["Ed25519"])
    assert verified_content.payload == content
    with pytest.raises(BadSignatureError):
        jws.deserialize_compact(token, public, payload=content.replace(b"made", b"lost", 1), algorithms=["Ed25519"])


@needs_openssl
def test_a_file_that_was_changed_cut_off_or_signed_by_another_fails(key, archive, tmp_path):
    made(key, "--archive", archive)
    path, data = key.parent / "evidence.html", (key.parent / "evidence.html").read_bytes()
    path.write_bytes(data.replace(b"wrong date", b"right date", 1))
    assert verified(path) == (1, f"{path}: the signature does not fit: the file was changed after it was signed\n")
    path.write_bytes(data[: len(data) // 2])
    code, said = verified(path)
    assert code == 1 and "cut off" in said
    path.write_bytes(data)
    run(tmp_path, "openssl genpkey -algorithm ed25519 | openssl pkey -pubout -out other.pem")
    code, said = verified(path, "--public-key", tmp_path / "other.pem")
    assert code == 1 and "somebody else signed it" in said
    assert verified(path, tmp_path / "nothing.html")[0] == 1


@needs_openssl
def test_keys_that_cannot_be_used_are_refused_before_anything_is_read_and_open_ones_are_warned_of(key, archive):
    folder = key.parent
    run(folder, "openssl genpkey -algorithm rsa -out rsa.pem; openssl pkey -in evidence-key.pem -aes256 "
                "-passout pass:secret -out locked.pem")  # fmt: skip
    for name, why in (("rsa.pem", "its type is RSA"), ("locked.pem", "it is encrypted"), ("none.pem", "No such file")):
        done = made(folder / name, "--archive", folder / "not-there.archive")
        assert why in str(done.exception), name
    assert not (folder / "evidence.html").exists()
    key.chmod(0o644)
    assert "others can read" in made(key, "--archive", archive).output


@needs_openssl
def test_archives_that_follow_each_other_packed_or_not_give_the_list_of_the_whole(key, archive, tmp_path):
    made(key, "--archive", archive, output="whole.json")
    records = whole_day().records
    halves = records[: len(records) // 2 + 5], records[len(records) // 2 :]
    first, second = tmp_path / "first.archive.gz", tmp_path / "second.archive"
    first.write_bytes(gzip.compress(b"".join(archived(halves[0]))))
    second.write_bytes(b"".join(archived(halves[1])))
    made(key, "--archive", first, "--archive", second, output="halves.json")
    whole, parts = (json.loads((tmp_path / name).read_text().splitlines()[0]) for name in ("whole.json", "halves.json"))
    assert [(one["words"], one["record"]) for one in whole["said"]["entries"]] == [
        (one["words"], one["record"]) for one in parts["said"]["entries"]
    ]
    assert whole["records"] == parts["records"]


@needs_openssl
def test_archives_that_differ_at_one_place_and_those_that_are_cut_off_are_refused(key, archive, tmp_path):
    other = whole_day().records
    spoiled = [
        type(one)(**{**fields(one), "value": one.value.replace(b"sup", b"Ann")}) if one.value else one for one in other
    ]
    (tmp_path / "other.archive").write_bytes(b"".join(archived(spoiled)))
    done = made(key, "--archive", archive, "--archive", tmp_path / "other.archive")
    assert "the archives differ at" in str(done.exception)
    archive.write_bytes(archive.read_bytes()[:-300])
    assert "cut off" in str(made(key, "--archive", archive).exception)
    (tmp_path / "empty").touch()
    assert "it is empty" in str(made(key, "--archive", tmp_path / "empty").exception)
    (tmp_path / "prose").write_text("hello\n")
    assert "ringback export --archive" in str(made(key, "--archive", tmp_path / "prose").exception)


def line_of(one) -> str:
    line = {"topic": one.topic, "at": one.written_at.isoformat(), "key": one.key.decode()}
    return json.dumps(line | {"value": json.loads(one.value)}) + "\n"


def fields(one):
    return {name: getattr(one, name) for name in one.__struct_fields__}


@needs_openssl
def test_lines_for_the_simulator_give_the_same_list_and_say_that_it_was_recomputed(key, archive, tmp_path):
    inputs = [one for one in whole_day().records if one.topic in INPUTS]
    (tmp_path / "day.jsonl").write_text("".join(map(line_of, inputs)))
    done = made(key, "--archive", tmp_path / "day.jsonl", output="anew.json")
    assert "recomputed" in done.output, done.exception
    made(key, "--archive", archive, output="whole.json")
    anew, whole = (json.loads((tmp_path / name).read_text().splitlines()[0]) for name in ("anew.json", "whole.json"))
    assert [one["words"] for one in anew["said"]["entries"]] == [one["words"] for one in whole["said"]["entries"]]
    assert "recomputed" in anew["said"]["cannot_show"][0] and anew["made"]["source"] == "lines"
    assert verified(tmp_path / "anew.json")[0] == 0


INPUTS = ("rule-sets", "campaigns", "contacts", "callback-scheduled", "wrap-up", "dnc-entries", "placement-requested")


@needs_openssl
@pytest.mark.parametrize(
    ("given", "why"),
    [
        ([], "say --number, --from, --to, --key, --output"),
        (["--number", "5550101"], "should have its country code"),
        (["--from", "yesterday"], "--from should be a day"),
        (["--from", "2026-11-01T00:00:00"], "--from should be a day"),
        (["--to", "2026-10-01"], "--to should be after --from"),
        (["--zone", "Mars/Olympus"], "is no time zone"),
    ],
)
def test_usage_that_cannot_be_meant_is_refused(key, given, why):
    rest = {"--number": NUMBER, "--from": "2026-11-23", "--to": "2026-11-24", "--key": key, "-o": key.parent / "e"}
    usual = [str(word) for pair in rest.items() if given for word in pair]
    done = CliRunner().invoke(evidence, [*usual, *given], standalone_mode=False)
    assert why in str(done.exception)


@needs_openssl
def test_days_are_those_of_the_zone_and_the_last_one_belongs_to_the_period(key, archive):
    made(key, "--archive", archive, "--zone", "America/New_York", output="e.json")
    asked = json.loads((key.parent / "e.json").read_text().splitlines()[0])["asked"]
    assert (asked["from"], asked["to"]) == ("2026-11-23T05:00:00Z", "2026-11-25T05:00:00Z")


@needs_openssl
def test_nothing_is_read_from_kafka_or_the_network_to_verify(key, archive, tmp_path):
    made(key, "--archive", archive)
    program = (
        "import socket, sys\n"
        "def refuse(*_, **__): raise AssertionError('the network was used')\n"
        "socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse\n"
        "from streams.cli.group import run\n"
        f"sys.exit(run(['evidence', 'verify', {str(key.parent / 'evidence.html')!r}]))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert OTHER not in done.stdout + done.stderr
