"""`ringback import` without a broker: how files are read, what is rejected and what is sent, also a second time."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.base.errors import OperatorError
from streams.cli.group import run
from streams.cli.progress import Progress
from streams.importer import kinds
from streams.importer.checking import Files
from streams.importer.compact import Calls, Entries, tombstones
from streams.importer.kinds import Events, Message
from streams.importer.lines import LINE_BYTES_MAX, source
from streams.importer.rejected import Rejected
from tests.builders import Json, Worker, campaign, instant
from topics.callback_events import CallbackScheduled
from topics.codec import BadEvent, decode
from topics.configuration import DncEntry
from topics.events import ContactRecord, WrapUp

EXAMPLES = Path(__file__).parents[2] / "examples" / "import"
NOW = instant("2027-03-10T00:00:00Z")
EVENTS = Events(NOW)
READERS = {
    "contacts": (kinds.CONTACTS, kinds.contact),
    "dnc": (kinds.DNC, kinds.dnc_entry_on("D")),
    "callbacks": (kinds.CALLBACKS, EVENTS.callback),
    "attempts": (kinds.ATTEMPTS, EVENTS.attempt),
}
SECRET = "Erika-Mustermann-5550199"
CALL = (
    "campaign_id,contact_list_id,contact_id,phone_number,wrap_up_code,occurred_at\n"
    "P,L,c1,+12125550101,DONE,2027-03-01T15:00:00Z\n"
)
CALLBACK = "campaign_id,contact_list_id,contact_id,phone_number,due_at\nP,L,c1,+12125550101,2027-03-11T15:00:00Z\n"
CONTACT = "contact_list_id,contact_id,callable,number.home\nL,c1,true,+12125550101\n"


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch):
    for name in os.environ:
        if name.startswith("RINGBACK_"):
            monkeypatch.delenv(name)


def written(tmp_path, content, name="file.csv"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def read(kind, *paths, delimiter=None, reader=None):
    """Number and outcome of every line: a message, or what is wrong in words."""
    of_kind, usual = READERS[kind]
    files = Files([source(path, None, delimiter) for path in paths], of_kind, reader or usual)
    outcomes = list(files.read("", lambda _what, _count: None))
    return [(one.number, one.message if isinstance(one.message, Message) else str(one.message)) for one in outcomes]


def values(kind, path, **changes):
    """The values of the records of a file, none of which is rejected."""
    messages = [message for _, message in read(kind, path, **changes)]
    assert [message for message in messages if isinstance(message, str)] == []
    return [json.loads(message.value) for message in messages]


def rejected(kind, content, tmp_path, name="file.csv", **changes):
    return [one for one in read(kind, written(tmp_path, content, name), **changes) if isinstance(one[1], str)]


def jsonl(*lines):
    return "".join(json.dumps(line) + "\n" for line in lines)


# How files are read


@pytest.mark.parametrize("kind", READERS)
def test_the_examples_are_records_of_their_topics(kind):
    for _, message in read(kind, EXAMPLES / f"{kind}.csv"):
        assert isinstance(message, Message)
        decode(kinds.TOPICS[kind], message.value)


def test_a_contact_has_numbers_and_attributes_in_columns():
    first, second, third = values("contacts", EXAMPLES / "contacts.csv")
    assert first["attributes"] == {"tariff": "basic", "language": "es"}
    assert first["region"] == "US-IL" and first["callable"] is True and third["callable"] is False
    work = {"time_zone": "America/Los_Angeles", "type": "WORK"}
    assert first["numbers"] == [
        {"column": "home", "type": "home", "phone_number": "+13125550142", "callable": True},
        {"column": "work", "phone_number": "+14155550177", "callable": True, **work},
    ]
    assert [number["column"] for number in second["numbers"]] == ["home"]


def test_json_lines_are_the_records_of_the_contract(tmp_path):
    value: Json = {
        "contact_list_id": "L",
        "contact_id": "c1",
        "numbers": [],
        "attributes": {"a": "1"},
        "time_zone": None,
    }
    assert values("contacts", written(tmp_path, jsonl(value), "a.jsonl")) == [
        {name: one for name, one in value.items() if one is not None}
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_header_tells_the_delimiter(tmp_path, delimiter):
    content = CALL.replace(",", delimiter)
    assert values("attempts", written(tmp_path, content)) == values("attempts", written(tmp_path, CALL, "b.csv"))


def test_a_delimiter_may_be_given(tmp_path):
    path = written(tmp_path, "phone_number:expires_at\n+12125550101:\n")
    assert values("dnc", path, delimiter=":") == [{"dnc_list_id": "D", "phone_number": "+12125550101"}]


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("beginning", [b"", b"\xef\xbb\xbf"])
def test_a_byte_order_mark_and_line_ends_of_either_kind_are_read(tmp_path, beginning, ending):
    path = written(tmp_path, beginning + CALL.replace("\n", ending).encode())
    assert [value["contact_id"] for value in values("attempts", path)] == ["c1"]
    lines = jsonl({"phone_number": "+12125550101"}).replace("\n", ending).encode()
    assert len(values("dnc", written(tmp_path, beginning + lines, "a.jsonl"))) == 1


def test_blank_lines_are_passed_over_and_lines_are_numbered_as_an_editor_does(tmp_path):
    noted = CALLBACK.replace("due_at\n", "due_at,notes\n").replace("Z\n", 'Z,"two\nlines"\n')
    again = noted.splitlines(keepends=True)[1:]
    content = "".join([noted, "\n", *again, "P,L,c1,5550199,2027-03-11T15:00:00Z,\n"])
    assert [number for number, _ in read("callbacks", written(tmp_path, content))] == [2, 5, 7]
    lines = jsonl({"phone_number": "+12125550101"}) + "\n" + jsonl({"phone_number": "x"})
    assert [number for number, _ in read("dnc", written(tmp_path, lines, "a.jsonl"))] == [1, 3]


def test_a_file_of_an_unknown_ending_needs_its_format(tmp_path):
    with pytest.raises(OperatorError, match="--format"):
        source(written(tmp_path, CALL, "calls.dat"), None, None)


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("", "There is no header"),
        ("+12125550101", "column 1: The header is none of phone_number, dnc_list_id, expires_at"),
        ("phone_nmber", "Did you mean phone_number?"),
        ("phone_number,phone_number", "column 2: The header has this column twice"),
        ("expires_at", "phone_number: The header has no such column"),
        ('"phone_number', "The header is not CSV"),
        (b"\xff", "Not UTF-8"),
    ],
)
def test_a_header_that_cannot_be_used_ends_the_import(tmp_path, header, said):
    path = written(tmp_path, header + (b"\n" if isinstance(header, bytes) else "\n"))
    with pytest.raises(OperatorError) as error:
        read("dnc", path)
    assert str(error.value).startswith(f"{path}:1: ") and said in str(error.value)


def test_a_number_of_a_contact_has_a_column_for_the_number_itself(tmp_path):
    with pytest.raises(OperatorError, match=r"number\.home: The header has no such column, only parts of it"):
        read("contacts", written(tmp_path, "contact_list_id,contact_id,callable,number.home.type\n"))
    with pytest.raises(OperatorError, match="column 4: The header is none of"):
        read("contacts", written(tmp_path, "contact_list_id,contact_id,callable,number.home.color\n"))


# What is rejected


@pytest.mark.parametrize(
    ("kind", "line", "said"),
    [
        ("dnc", {"phone_number": SECRET}, "phone_number: Not E.164"),
        ("dnc", {"phone_number": "(212) 555-0101"}, "phone_number: Not E.164"),
        ("dnc", {"phone_number": "+12125550101", "expires_at": SECRET}, "expires_at: Invalid RFC3339"),
        ("dnc", {"phone_number": "+12125550101", "expires_at": "2028-01-01T00:00:00"}, "expires_at: "),
        ("dnc", {"phone_number": "+12125550101", "dnc_list_id": SECRET}, "dnc_list_id: Not the list"),
        ("dnc", {}, "Object missing required field `phone_number`"),
        ("dnc", {"phone_number": "+12125550101", "expire_at": SECRET}, "Did you mean expires_at?"),
        ("dnc", [SECRET], "Not a JSON object"),
        ("contacts", {"contact_list_id": "L|", "contact_id": SECRET}, "contact_list_id: "),
        ("contacts", {"contact_list_id": "L"}, "Object missing required field `contact_id`"),
        ("contacts", {"contact_list_id": "L", "contact_id": "c", "time_zone": SECRET}, "time_zone: No time zone"),
        ("contacts", {"contact_list_id": "L", "contact_id": "c", "region": SECRET}, "region: "),
        (
            "contacts",
            {
                "contact_list_id": "L",
                "contact_id": "c",
                "numbers": [{"column": "h", "type": "", "phone_number": SECRET}],
            },
            "numbers[0].phone_number: Not E.164",
        ),
        ("contacts", {"contact_list_id": "L", "contact_id": "c", "numbers": [{"phone": SECRET}]}, "A field is none of"),
        ("contacts", {"contact_list_id": "L", "contact_id": "c", "attributes": {"a": "x" * 2**20}}, "has more than"),
    ],
)
def test_a_line_is_rejected_by_field_and_reason_and_never_quoted(tmp_path, kind, line, said):
    ((number, why),) = rejected(kind, jsonl(line), tmp_path, "a.jsonl")
    assert number == 1 and said in why and SECRET not in why


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"campaign_id": "gone"}, "campaign_id: The campaign is not configured"),
        ({"occurred_at": "2027-03-10T00:05:01Z"}, "occurred_at: More than 5 minutes ahead"),
        ({"dialed_at": "2027-03-01T15:05:01Z"}, "dialed_at: More than 5 minutes ahead"),
        ({"history": False}, "history: Only calls of the past"),
        ({"call_analysis": SECRET}, "call_analysis: Not one of the allowed words"),
        ({"callback_id": SECRET}, "A field is none of"),
    ],
)
def test_a_past_call_is_rejected_where_a_worker_would_refuse_it(tmp_path, changes, said):
    line = dict(zip(*(row.split(",") for row in CALL.splitlines()), strict=True)) | changes
    ((_, why),) = rejected("attempts", jsonl(line), tmp_path, "a.jsonl", reader=Events(NOW, {"P"}).attempt)
    assert said in why and SECRET not in why


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"campaign_id": "gone"}, "campaign_id: The campaign is not configured"),
        ({"occurred_at": "2027-02-02T23:59:59Z"}, "occurred_at: More than 35 days ago"),
        ({"due_at": "2027-02-02T23:59:59Z"}, "occurred_at: More than 35 days ago"),
        ({"due_at": "2027-04-09T01:00:01Z"}, "due_at: Before occurred_at, or more than 30 days"),
        ({"occurred_at": "2027-03-01T00:00:00Z", "due_at": "2027-02-28T00:00:00Z"}, "due_at: Before occurred_at"),
        ({"phone_number": "+15550000000"}, "phone_number: In no numbering plan"),
        ({"owner": "only"}, "agent_id: An owner `only` or `preferred` needs an agent"),
        ({"window_end_at": "2027-03-11T15:00:00Z"}, "window_end_at: A window ends after the due time"),
        ({"contact_list_id": "L|2"}, "contact_list_id: It has a | in it"),
        ({"type": "cancelled"}, "type: Only callbacks that are outstanding"),
    ],
)
def test_a_callback_is_rejected_where_a_worker_would_refuse_it(tmp_path, changes, said):
    line = dict(zip(*(row.split(",") for row in CALLBACK.splitlines()), strict=True)) | changes
    ((_, why),) = rejected("callbacks", jsonl(line), tmp_path, "a.jsonl", reader=Events(NOW, {"P"}).callback)
    assert said in why


def test_a_column_of_csv_is_named_as_the_header_has_it(tmp_path):
    header = "contact_list_id,contact_id,callable,number.home,number.work,number.work.callable,number.work.region\n"
    content = (
        header + f"L,c1,true,,+12125550101,{SECRET},\nL,c2,true,,{SECRET},no,\nL,c3,true,,+12125550101,no,{SECRET}\n"
    )
    assert rejected("contacts", content, tmp_path) == [
        (2, "number.work.callable: Neither true nor false"),
        (3, "number.work: Not E.164: a plus sign, the country code and the number, digits alone"),
        (4, "number.work.region: Not ISO 3166: a country as US, or a part of one as US-CA, in capitals"),
    ]


def test_what_is_no_line_of_csv_is_rejected_and_the_next_one_is_read(tmp_path):
    content = (
        b'phone_number,expires_at\n+12125550101\n\xff,\n"a"b,\n' + b"1" * (LINE_BYTES_MAX + 9) + b"\n+12125550102,\n"
    )
    outcomes = read("dnc", written(tmp_path, content))
    assert [(number, why) for number, why in outcomes if isinstance(why, str)] == [
        (2, "The line has another number of fields than the header: 1, not 2"),
        (3, "Not UTF-8"),
        (4, "Not CSV: ',' expected after '\"'"),
        (5, f"The line is longer than {LINE_BYTES_MAX} bytes"),
    ]
    assert outcomes[-1][0] == 6


def test_a_quote_that_is_never_closed_is_rejected(tmp_path):
    assert rejected("dnc", 'phone_number\n"+12125550101\n', tmp_path)[0][1].startswith("Not CSV: unexpected end")


@pytest.mark.parametrize("line", ["{", '"\\ud800"', "[" * 100_000, '{"phone_number":"+1212555\\ud8000101"}'])
def test_what_is_no_json_is_rejected(tmp_path, line):
    assert rejected("dnc", line + "\n", tmp_path, "a.jsonl") == [(1, "Not JSON")]


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.sampled_from(kinds.DNC.columns), st.text(max_size=20) | st.none() | st.integers()))
def test_no_text_makes_a_reason_that_repeats_it_or_a_record_that_the_codec_refuses(fields):
    try:
        message = kinds.dnc_entry_on(None)(fields, None)
    except Rejected as why:
        secrets = [value for value in fields.values() if isinstance(value, str) and len(value) > 6]
        assert not any(value in str(why) for value in secrets)
    else:
        entry = decode("dnc-entries", message.value)
        assert isinstance(entry, DncEntry)
        assert message.key.decode() == f"{entry.dnc_list_id}|{entry.phone_number}"


@settings(max_examples=200, deadline=None)
@given(
    st.text(min_size=1, max_size=8) | st.sampled_from(["D", 'D"', "D\\", " ", "D D", "Ä"]),
    st.from_regex(r"\+?[0-9]{1,17}", fullmatch=True) | st.text(max_size=12),
)
def test_the_short_way_of_an_entry_accepts_what_the_codec_does(dnc_list_id, number):
    fields = {"dnc_list_id": dnc_list_id, "phone_number": number}
    try:
        entry = decode("dnc-entries", json.dumps(fields).encode())
    except BadEvent:
        with pytest.raises(Rejected):
            kinds.dnc_entry_on(dnc_list_id)({"phone_number": number}, None)
    else:
        message = kinds.dnc_entry_on(dnc_list_id)({"phone_number": number}, None)
        assert decode("dnc-entries", message.value) == entry
        assert message.key.decode() == f"{dnc_list_id}|{number}"


# What is sent, and sent again


def messages(kind, content, tmp_path, **changes):
    found = [message for _, message in read(kind, written(tmp_path, content), **changes)]
    assert all(isinstance(message, Message) for message in found)
    return found


def sent_to(worker, kind, found, at):
    """What a worker says to these messages."""
    lines = []
    for message in found:
        topic = str(kinds.TOPICS[kind])
        lines += worker.send(topic, json.loads(message.value), at, message.key.decode()).lines
    return lines


def test_a_worker_takes_all_that_passed_the_check_and_says_nothing_to_a_second_run(tmp_path):
    worker = Worker(
        campaign("spring-renewals", contact_list_id="renewals-2027"),
        listed=(),
    )
    worker.run_to("2027-03-10T00:00:00Z")
    for kind in ("contacts", "dnc", "callbacks", "attempts"):
        first = [message for _, message in read(kind, EXAMPLES / f"{kind}.csv")]
        lines = sent_to(worker, kind, first, "2027-03-10T00:00:00Z")
        assert {line["topic"] for line in lines} <= {"callback-lifecycle", "outstanding-callbacks"}
        assert [line["value"]["transition"] for line in lines if line["topic"] == "callback-lifecycle"] == (
            ["scheduled", "scheduled"] if kind == "callbacks" else []
        )
    for kind in ("contacts", "dnc", "callbacks", "attempts"):
        later = Events(instant("2027-03-10T08:00:00Z"))
        reader = {"callbacks": later.callback, "attempts": later.attempt}.get(kind)
        again = [message for _, message in read(kind, EXAMPLES / f"{kind}.csv", reader=reader)]
        assert sent_to(worker, kind, again, "2027-03-10T08:00:00Z") == []


def test_a_second_run_at_another_time_makes_the_same_ids(tmp_path):
    for kind, content in (("callbacks", CALLBACK), ("attempts", CALL)):
        (first,) = values(kind, written(tmp_path, content))
        later = Events(instant("2027-03-10T09:00:00Z"))
        (again,) = values(kind, written(tmp_path, content), reader=getattr(later, kind.removesuffix("s")))
        for name in ("event_id", "callback_id", "conversation_id"):
            assert first.get(name) == again.get(name)


def test_ids_are_made_of_what_is_said_and_not_of_how_it_is_written(tmp_path):
    """Neither the format, nor the order of the columns, nor the zone of an instant."""
    (first,) = values("attempts", written(tmp_path, CALL))
    names, cells = (row.split(",") for row in CALL.replace("15:00:00Z", "10:00:00-05:00").splitlines())
    turned = ";".join(reversed(names)) + "\n" + ";".join(reversed(cells)) + "\n"
    (second,) = values("attempts", written(tmp_path, turned, "b.csv"))
    line = jsonl(dict(zip(names, cells, strict=True)) | {"history": True, "agent_id": " "})
    (third,) = values("attempts", written(tmp_path, line, "c.jsonl"))
    assert len({one["conversation_id"] for one in (first, second, third)}) == 1
    assert len({one["event_id"] for one in (first, second, third)}) == 1


def test_ids_stay_as_they_are_in_every_version(tmp_path):
    """A second run after an upgrade must change nothing either."""
    (call,) = values("attempts", written(tmp_path, CALL))
    (callback,) = values("callbacks", written(tmp_path, CALLBACK))
    assert [call["event_id"], call["conversation_id"], callback["event_id"], callback["callback_id"]] == [
        "i-6e1a31bd9830938cd2616a09e00ac743",
        "i-72405147be4b155c5d95bab77dfef522",
        "i-c8b3989f9b01246da6ead3d120560fcd",
        "i-4333ab0d8c6d732db87eb599aed8deeb",
    ]


def test_ids_that_the_file_has_are_kept(tmp_path):
    given_ids = "event_id,callback_id,conversation_id"
    content = CALLBACK.replace("due_at\n", f"due_at,{given_ids}\n").replace("Z\n", "Z,e1,k1,v1\n")
    (value,) = values("callbacks", written(tmp_path, content))
    assert (value["event_id"], value["callback_id"], value["conversation_id"]) == ("e1", "k1", "v1")


def test_a_callback_is_a_scripts_and_arranged_now_unless_its_line_says_otherwise(tmp_path):
    (value,) = values("callbacks", written(tmp_path, CALLBACK))
    assert (value["source"], value["occurred_at"]) == ("script", "2027-03-10T00:00:00Z")
    overdue = CALLBACK.replace("2027-03-11", "2027-03-01")
    (value,) = values("callbacks", written(tmp_path, overdue))
    assert value["occurred_at"] == value["due_at"] == "2027-03-01T15:00:00Z"


def test_a_past_call_says_that_it_is_history(tmp_path):
    (value,) = values("attempts", written(tmp_path, CALL))
    assert value["history"] is True


def test_what_is_gone_from_a_list_is_found_and_removed_by_tombstones(tmp_path):
    entries = Entries()
    for message in messages("dnc", "phone_number\n+12125550101\n+12125550103\n", tmp_path):
        assert isinstance(message, Message)
        entries.note(message)
    gone = entries.gone(["+12125550101", "+12125550102", "+12125550103", "+493012345678"])
    assert gone == ["+12125550102", "+493012345678"]
    assert next(tombstones("D|x", gone)) == (b"D|x|+12125550102", None)


def test_contacts_with_more_calls_than_are_remembered_are_counted():
    calls = Calls()
    for number in range(257 + 256):
        calls.note(Message(b"L|c1" if number % 2 == 0 else b"L|c2", b""))
    assert calls.crowded() == 1


# The command


def told(capsys, *arguments):
    code = run(["import", *map(str, arguments)])
    captured = capsys.readouterr()
    return code, captured.out.splitlines(), captured.err.splitlines()


def test_a_check_alone_needs_no_broker(capsys, tmp_path):
    path = written(tmp_path, "phone_number\n+12125550101\n")
    assert told(capsys, "dnc", "--list", "D", "--check-only", path) == (0, ["checked 1 line in 1 file, 0 rejected"], [])


def test_one_line_that_is_rejected_keeps_all_from_being_sent(capsys, tmp_path):
    path = written(tmp_path, f"phone_number\n+12125550101\n{SECRET}\n")
    code, out, err = told(capsys, "dnc", "--list", "D", "--broker", "127.0.0.1:1", path)
    assert code == 1
    assert out == [
        f"{path}:3: phone_number: Not E.164: a plus sign, the country code and the number, digits alone",
        "checked 2 lines in 1 file, 1 rejected",
    ]
    assert err == [
        "ringback: 1 line is rejected, so nothing was sent. Correct them, or leave them out with --skip-rejects"
    ]


def test_a_broker_that_is_not_there_is_one_line_with_the_cure(capsys, tmp_path):
    path = written(tmp_path, CONTACT)
    code, _, err = told(capsys, "contacts", "--broker", "127.0.0.1:1", path)
    assert code == 1 and len(err) == 1 and "no Kafka broker at 127.0.0.1:1" in err[0]


def test_a_check_alone_says_what_is_left_out(capsys, tmp_path):
    path = written(tmp_path, f"phone_number\n+12125550101\n{SECRET}\n")
    code, out, err = told(capsys, "dnc", "--list", "D", "--check-only", "--skip-rejects", path)
    assert code == 1 and out[-1] == "checked 2 lines in 1 file, 1 rejected"
    assert err == ["ringback: 1 line is rejected, and would be left out. Nothing was sent, because of --check-only"]


def test_a_check_alone_says_that_a_list_would_be_emptied(capsys, tmp_path):
    code, _, err = told(capsys, "dnc", "--list", "D", "--replace", "--check-only", written(tmp_path, "phone_number\n"))
    assert code == 1 and "would empty the list" in err[0]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["dnc", "--replace"], "--replace needs --list"),
        (["dnc", "--replace", "--list", "D", "--skip-rejects"], "--replace does not go with --skip-rejects"),
        (["dnc", "--list", " "], "--list is blank"),
        (["contacts", "--delimiter", "ab"], "--delimiter is one character"),
        (["contacts", "--format", "xml"], "'xml' is not one of"),
    ],
)
def test_wrong_usage_is_one_line_that_points_to_the_help(capsys, tmp_path, arguments, said):
    code, _, err = told(capsys, *arguments, written(tmp_path, CONTACT))
    assert code == 2 and len(err) == 1
    assert said in err[0] and "--help` shows the usage" in err[0]


def test_a_list_is_never_emptied_by_an_empty_file(capsys, tmp_path):
    path = written(tmp_path, "phone_number\n")
    code, _, err = told(capsys, "dnc", "--list", "D", "--replace", "--broker", "127.0.0.1:1", path)
    assert code == 1
    assert err == ["ringback: there is no entry in the files, so --replace would empty the list: nothing was sent"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with a name")
def test_what_can_be_read_only_once_is_refused(capsys, tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    code, _, err = told(capsys, "contacts", "--check-only", tmp_path / "pipe.csv")
    assert code == 1 and "it is read twice" in err[0]


def test_a_file_is_known_again_only_while_it_stays_as_it_was(tmp_path):
    path = written(tmp_path, CONTACT)
    files = Files([source(path, None, None)], *READERS["contacts"])
    before = files.state()
    assert files.state() == before
    path.write_text(CONTACT + "L,c2,true,+12125550102\n")
    assert files.state() != before


def test_progress_is_shown_every_few_seconds_and_not_before(capsys):
    seconds = iter([0.0, 1.0, 10.0, 11.0, 20.0])
    progress = Progress(lambda: next(seconds))
    for count in (1, 5_000, 5_001, 19_001):
        progress.show("checked", count)
    assert capsys.readouterr().err == "checked 5,000, 556 a second\nchecked 19,001, 1,000 a second\n"


def test_every_column_is_a_field_of_the_contract():
    structs = {kinds.CALLBACKS: CallbackScheduled, kinds.ATTEMPTS: WrapUp, kinds.DNC: DncEntry}
    for kind, struct in {**structs, kinds.CONTACTS: ContactRecord}.items():
        assert set(kind.columns) <= set(struct.__struct_fields__)
