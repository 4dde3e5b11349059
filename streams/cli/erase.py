"""`ringback erase`: forget contacts, and say by when each topic has forgotten them."""

import asyncio
import logging
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from streams.base.clock import SystemClock
from streams.base.settings import load
from streams.cli import erasing_told
from streams.cli.acting import WAIT_S, actor_name
from streams.cli.erasing_told import Erasing
from streams.cli.exits import REFUSED, UNANSWERED
from streams.cli.options import connection_options
from streams.cli.progress import Progress
from streams.console.actions.model import Action, NothingMatched, Run, RunState
from streams.console.erasing.forgetting import Kept
from streams.console.erasing.request import Answer, Request
from streams.console.erasing.traces import SEARCHED, look
from streams.console.view.rows import ContactKey
from streams.importer.layout import Kind
from streams.importer.lines import lines_of, source
from streams.importer.rejected import Rejected
from streams.kafka import topic_admin
from streams.kafka.clients import Clients
from topics.audit import ActedVia, ActionKind
from topics.codec import BadEvent, contact_key, split_contact_key
from topics.names import TopicName
from topics.of_adapters import ADAPTER_TOPICS

CONTACTS = Kind("contacts to erase", ("contact_id",), ("contact_list_id",))
"""The columns of --file."""


@click.command(short_help="Forget contacts, and say by when each topic has forgotten them.")
@connection_options
@click.option("--list", "list_id", metavar="ID", help="The contact list.")
@click.option("--contact", "contact_ids", multiple=True, metavar="ID", help="The contact; repeatable.")
@click.option(
    "--file",
    "file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="CSV or JSON lines with contact_id, and contact_list_id where --list is not given.",
)
@click.option("--dry-run", is_flag=True, help="Show what there is, and change nothing.")
@click.option("--quick", is_flag=True, help="Do not look for the contacts first: times are bounds then.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--wait",
    "wait_s",
    type=click.FloatRange(min=0),
    default=WAIT_S,
    show_default=True,
    help="Seconds to wait for what the worker makes of it; 0 waits for nothing.",
)
@click.option(
    "--by", "--actor", "actor", default=actor_name, metavar="NAME", help="Who asks for it.  [the user of this terminal]"
)
@click.option("--reason", metavar="TEXT", help="Why, such as the number of a request; it is audited for 400 days.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="For people, or one JSON object for programs.",
)
def erase(
    config: Path | None, broker: str | None, prefix: str | None, list_id: str | None, contact_ids: tuple[str, ...],
    file: Path | None, **given: Any,
) -> int:  # fmt: skip
    """Forget contacts: what is outstanding is cancelled, and record, state and view are removed by tombstones.

    Do Not Call entries stay. Topics that keep records for a time have those of the contacts until then: it is said by
    when each has forgotten, and when the last of them has. To run it again is safe.

    \b
    Examples:
      ringback erase --list renewals-2027 --contact m-20418 --dry-run
      ringback erase --file requests.csv --by dpo-2 --reason "requests of March" --yes
    """  # noqa: D301  (click wants the character, not its escape)
    # Kafka's client logs a missing broker, too; its lines would be printed beside our one line about it.
    logging.getLogger().addHandler(logging.NullHandler())
    contacts = _contacts(list_id, contact_ids, file)
    clients = Clients(load(config, broker=broker, prefix=prefix))
    return _erase(clients, contacts, **given)


def _erase(
    clients: Clients, contacts: list[ContactKey], *, dry_run: bool, quick: bool, yes: bool, wait_s: float, actor: str,
    reason: str | None, form: str,
) -> int:  # fmt: skip
    progress, clock, as_json = Progress(), SystemClock(), form == "json"
    traces = None if quick else asyncio.run(look(clients, contacts, progress.show))
    if traces is not None and traces.is_empty:
        raise NothingMatched(f"no topic has anything of {erasing_told.counted(contacts)}, so nothing was sent")
    now = clock.now()
    run = _run(contacts, Action(kind=ActionKind.ERASE, actor=actor, reason=reason), f"{now:%Y%m%d-%H%M%S}", clock)
    erasing = Erasing(run.name, contacts, traces, asyncio.run(kept_of(clients)), now)
    if dry_run or not as_json:
        erasing_told.plan(erasing, as_json=as_json)
    if dry_run:
        if not as_json:
            click.echo("Dry run: nothing was sent")
        return 0
    if not yes:
        _ask(erasing, as_json)
    request = Request(clients, run, contacts, erasing.remembered_until)
    answers = asyncio.run(request.carry_out(wait_s, progress.show))
    erasing_told.result(erasing, answers, as_json=as_json)
    return _exit_code(answers, wait_s)


def _run(contacts: list[ContactKey], action: Action, at: str, clock: SystemClock) -> Run:
    """What is audited: how many, of which list, and not who."""
    now, lists = clock.now(), {list_id for list_id, _ in contacts}
    selected = {"contacts": str(len(contacts))} | ({"contact_list_id": lists.pop()} if len(lists) == 1 else {})
    return Run(
        name=f"erase-{at}-{secrets.token_hex(2)}", action=action, selected=selected, via=ActedVia.COMMAND_LINE,
        state=RunState.SENDING, planned_at=now, asked_at=now, meant=len(contacts),
    )  # fmt: skip


async def kept_of(clients: Clients) -> dict[TopicName, Kept]:
    """How the topics that there are keep records; those of adapters where this user can see them."""
    names = {clients.settings.topic(name): TopicName(name) for name in (*SEARCHED, *ADAPTER_TOPICS)}
    return {names[topic]: Kept.of(config) for topic, config in (await topic_admin.configs_of(clients, names)).items()}


def _ask(erasing: Erasing, as_json: bool) -> None:
    if as_json or not click.get_text_stream("stdin").isatty():
        raise click.UsageError("nobody can be asked here: say --yes, or --dry-run to see what it is about")
    click.confirm(f"Erase {erasing_told.counted(erasing.contacts)}. This cannot be undone?", abort=True)


def _exit_code(answers: Iterable[Answer], wait_s: float) -> int:
    left = [answer for answer in answers if not answer.is_complete]
    if any(answer.refused for answer in left):
        return REFUSED
    return UNANSWERED if left and wait_s else 0


def _contacts(list_id: str | None, contact_ids: tuple[str, ...], file: Path | None) -> list[ContactKey]:
    """Those that are meant, each once. Raises click.UsageError for what no contact can be."""
    if not contact_ids and file is None:
        raise click.UsageError("say which: --list and --contact, or --file")
    if contact_ids and list_id is None:
        raise click.UsageError("--contact needs --list")
    found = [(list_id or "", contact_id) for contact_id in contact_ids]
    if file is not None:
        found += _in_file(file, list_id)
    for one in found:
        try:
            fits = split_contact_key(contact_key(*one)) == one and bool(one[1].strip())
        except BadEvent:
            fits = False
        if not fits:
            raise click.UsageError(
                "a contact has the id of its list, without `|`, and its own, each of 1 to 256 characters"
            )
    if not (unique := list(dict.fromkeys(found))):
        raise click.UsageError(f"{file} names no contact")
    return unique


def _in_file(file: Path, list_id: str | None) -> Iterable[ContactKey]:
    for _, line in lines_of(source(file, None, None), CONTACTS):
        fields = line.fields
        if isinstance(fields, Rejected):
            raise click.UsageError(f"{file}:{line.number}: {fields}. Nothing was sent")
        named, contact_id = fields.get("contact_list_id") or list_id, fields.get("contact_id")
        if not isinstance(contact_id, str) or not isinstance(named, str):
            raise click.UsageError(
                f"{file}:{line.number}: contact_id, or its contact_list_id, is missing. Nothing was sent"
            )
        yield named, contact_id
