"""The rights on Kafka that each command needs and no more, as data, made from the catalog.

Kafka gives Describe with Read and with Write, so it is named only where neither is needed. As commands for Kafka's own
tool, or a KafkaUser for the Strimzi operator: `python -m topics.rights worker --principal User:ringback`.
Source: docs/operate.md, section "Access rights on Kafka".
"""

import argparse
import re
from collections.abc import Callable, Sequence
from functools import partial

from topics.catalog import CATALOG, CONFIGURATION_TOPICS, CONTACT_TOPICS_IN, NEEDED_TOPICS, STATE_TOPIC
from topics.names import TopicName
from topics.of_adapters import OF_ADAPTERS
from topics.right import Resource, Right, commands, kafka_user
from topics.topic import DEFAULT_PREFIX, Direction, Scope

__all__ = ["Resource", "Right", "commands", "kafka_user"]

DEFAULT_APP = "ringback"


READ_TOPICS = (*CONTACT_TOPICS_IN, *CONFIGURATION_TOPICS, STATE_TOPIC)
WRITTEN_TOPICS = (
    *(topic.name for topic in NEEDED_TOPICS.values() if topic.direction is not Direction.IN),
    TopicName.DNC_ENTRIES,  # A rule may put a number on a list.
)
DERIVED_TOPICS = (TopicName.OUTSTANDING_CALLBACKS, STATE_TOPIC)


def of_worker(prefix: str = DEFAULT_PREFIX, app: str = DEFAULT_APP) -> list[Right]:
    """What `ringback worker` needs; the settings of topics are looked at, since wrong ones would lose state."""
    rights = []
    for name in NEEDED_TOPICS:
        operations = [word for word, names in (("Read", READ_TOPICS), ("Write", WRITTEN_TOPICS)) if name in names]
        rights.append(Right(Resource.TOPIC, prefix + name, (*operations, "DescribeConfigs")))
    group = Right(Resource.GROUP, app, ("Read",))
    return [*rights, group, Right(Resource.TRANSACTIONAL_ID, f"{app}-", ("Write",), prefixed=True)]


def of_topics_create(prefix: str = DEFAULT_PREFIX, app: str = DEFAULT_APP) -> list[Right]:
    """What `ringback topics create` needs, which checks what it has made.

    With --console on `console-audit` too, with --adapter on the adapter's topics.
    """
    return [Right(Resource.TOPIC, prefix + name, ("Create", "Describe", "DescribeConfigs")) for name in NEEDED_TOPICS]


def of_topics_check(prefix: str = DEFAULT_PREFIX, app: str = DEFAULT_APP) -> list[Right]:
    """What `ringback topics check` needs; with --console and --adapter on those topics too."""
    return [Right(Resource.TOPIC, prefix + name, ("Describe", "DescribeConfigs")) for name in NEEDED_TOPICS]


def of_dnc_check(prefix: str = DEFAULT_PREFIX, app: str = DEFAULT_APP) -> list[Right]:
    """What `ringback dnc check` needs."""
    return [Right(Resource.TOPIC, prefix + TopicName.DNC_ENTRIES, ("Read",))]


def of_import(prefix: str = DEFAULT_PREFIX, app: str = DEFAULT_APP) -> list[Right]:
    """What `ringback import` needs for files of every kind; who imports some kinds needs the rights of their topics.

    The topic of each kind is written. Of calls and callbacks the campaign must be there, and a list that is to be
    replaced is read first.
    """
    read = (TopicName.CAMPAIGNS, TopicName.DNC_ENTRIES)
    written = (TopicName.CONTACTS, TopicName.DNC_ENTRIES, TopicName.CALLBACK_SCHEDULED, TopicName.WRAP_UP)
    rights = []
    for name in (name for name in CATALOG if name in read or name in written):
        operations = tuple(word for word, names in (("Read", read), ("Write", written)) if name in names)
        rights.append(Right(Resource.TOPIC, prefix + name, operations))
    return rights


def of_looking(prefix: str = DEFAULT_PREFIX, app: str = DEFAULT_APP) -> list[Right]:
    """What looking needs: `callbacks list`, `show` and `why`, `dead-letters list` and `show`, and `tail`."""
    return _of_view(prefix, ())


def of_acting(prefix: str = DEFAULT_PREFIX, app: str = DEFAULT_APP) -> list[Right]:
    """What the commands under `callbacks` need that act on callbacks."""
    return _of_view(prefix, (TopicName.CALLBACK_SCHEDULED, TopicName.CONSOLE_AUDIT))


def of_replaying(prefix: str = DEFAULT_PREFIX, app: str = DEFAULT_APP) -> list[Right]:
    """What `dead-letters replay` needs; who replays those of some topics needs the rights on these alone."""
    return _of_view(prefix, (*CONTACT_TOPICS_IN, *CONFIGURATION_TOPICS, TopicName.CONSOLE_AUDIT))


def of_adapter(name: str, prefix: str = DEFAULT_PREFIX, app: str = DEFAULT_APP) -> list[Right]:
    """What `ringback adapter` needs for the adapter of this name; it looks at the settings of its topics."""
    topics = OF_ADAPTERS[name]
    read = {topic.name for topic in (topics.raw, topics.keyed, topics.state)}
    written = {*topics.written, topics.keyed.name, topics.state.name}
    rights = []
    for topic in topics.needed():
        operations = [word for word, names in (("Read", read), ("Write", written)) if topic in names]
        rights.append(Right(Resource.TOPIC, prefix + topic, (*operations, "DescribeConfigs")))
    group = f"{app}-adapter-{name}"
    ids = Right(Resource.TRANSACTIONAL_ID, f"{group}-", ("Write",), prefixed=True)
    return [*rights, Right(Resource.GROUP, group, ("Read",)), ids]


def of_applying(prefix: str = DEFAULT_PREFIX, app: str = DEFAULT_APP) -> list[Right]:
    """What `apply` needs; who changes some topics needs the rights on these alone."""
    return [
        Right(Resource.TOPIC, prefix + name, ("Write",)) for name in (*CONFIGURATION_TOPICS, TopicName.CONSOLE_AUDIT)
    ]


def of_erasing(prefix: str = DEFAULT_PREFIX, app: str = DEFAULT_APP) -> list[Right]:
    """What `erase` needs; where an adapter runs, Describe and DescribeConfigs on its topics besides."""
    written = (TopicName.CALLBACK_SCHEDULED, TopicName.CONTACTS, TopicName.CONSOLE_AUDIT)
    rights = [Right(Resource.TOPIC, prefix + TopicName.DNC_ENTRIES, ("Read",))]
    for name in (topic.name for topic in CATALOG.values() if topic.scope is not Scope.CAMPAIGN):
        operations = ("Read", "Write") if name in written else ("Read",)
        rights.append(Right(Resource.TOPIC, prefix + name, (*operations, "DescribeConfigs")))
    return rights


def of_console(prefix: str = DEFAULT_PREFIX, app: str = DEFAULT_APP) -> list[Right]:
    """What `ringback console` needs: it looks, acts, replays, and sends configuration that was tried."""
    return of_replaying(prefix, app)


def of_dialer(prefix: str = DEFAULT_PREFIX, app: str = DEFAULT_APP) -> list[Right]:
    """What a dialer needs that does what docs/dialers.md says, in the group `dialer` behind the prefix."""
    read = (TopicName.DIAL_PREVIEW, TopicName.DIAL_ANALYSIS, TopicName.PLACEMENT_DECIDED)
    written = (TopicName.WRAP_UP, TopicName.CALLBACK_SCHEDULED, TopicName.PLACEMENT_REQUESTED)
    rights = [Right(Resource.TOPIC, prefix + name, ("Write",)) for name in written]
    rights += [Right(Resource.TOPIC, prefix + name, ("Read",)) for name in read]
    return [*rights, Right(Resource.GROUP, f"{prefix}dialer", ("Read",))]


def _of_view(prefix: str, written: Sequence[str]) -> list[Right]:
    rights = []
    for name in (name for name in CATALOG if name in NEEDED_TOPICS or name in written):
        operations = [word for word, names in (("Read", NEEDED_TOPICS), ("Write", written)) if name in names]
        rights.append(Right(Resource.TOPIC, prefix + name, tuple(operations)))
    return rights


def of_producer(prefix: str = DEFAULT_PREFIX, app: str = DEFAULT_APP) -> list[Right]:
    """What a program needs that sends events and configuration; who sends some needs those of their topics alone."""
    return [Right(Resource.TOPIC, prefix + name, ("Write",)) for name in (*CONTACT_TOPICS_IN, *CONFIGURATION_TOPICS)]


def of_doctor(prefix: str = DEFAULT_PREFIX, app: str = DEFAULT_APP) -> list[Right]:
    """What `ringback doctor` needs to look at all but the clock, which takes Describe on the cluster.

    It says what it could not look at, so it runs with less. To see the rights of another user it runs as that user.
    """
    read = (*CONTACT_TOPICS_IN, *CONFIGURATION_TOPICS, TopicName.DEAD_LETTER)
    return [
        Right(Resource.TOPIC, prefix + name, ("Read" if name in read else "Describe", "DescribeConfigs"))
        for name in NEEDED_TOPICS
    ]


COMMANDS: dict[str, Callable[[str, str], list[Right]]] = {
    "worker": of_worker,
    "topics create": of_topics_create,
    "topics check": of_topics_check,
    "dnc check": of_dnc_check,
    "import": of_import,
    "callbacks list": of_looking,
    "callbacks move": of_acting,
    # As for `export --archive`: what is derived from the others is left out.
    "evidence": lambda prefix, _: [one for one in of_looking(prefix) if not one.name.endswith(DERIVED_TOPICS)],
    "dead-letters replay": of_replaying,
    "apply": of_applying,
    "erase": of_erasing,
    "console": of_console,
    "doctor": of_doctor,
    "dialer": of_dialer,
    "producer": of_producer,
    "adapter genesys": partial(of_adapter, "genesys"),
    "adapter vicidial": partial(of_adapter, "vicidial"),
}
"""By the command that needs them; dialers and producers are programs of somebody else."""


def table() -> str:
    """All of them as a table in Markdown, names without prefix."""
    lines = ["| command | on | rights |", "| --- | --- | --- |"]
    for command, of_command in COMMANDS.items():
        by_rights: dict[tuple[Resource, tuple[str, ...]], list[str]] = {}
        for right in of_command("", "<app>"):
            by_rights.setdefault((right.resource, right.operations), []).append(right.name)
        for (resource, operations), names in by_rights.items():
            lines.append(f"| `{command}` | {_in_words(resource, names)} | {', '.join(operations)} |")
    return "\n".join(lines) + "\n"


def _in_words(resource: Resource, names: Sequence[str]) -> str:
    if resource is Resource.GROUP:
        return f"group `{names[0]}`"
    if resource is Resource.TRANSACTIONAL_ID:
        return f"transactional ids that begin with `{names[0]}`"
    if len(names) == len(CATALOG):
        return "every topic of the catalog"
    if set(names) == set(NEEDED_TOPICS):
        return f"every topic of the catalog but `{TopicName.CONSOLE_AUDIT}`"
    return f"topics {', '.join(f'`{name}`' for name in names)}"


def main(arguments: list[str] | None = None) -> None:
    """Print the rights of one command. arguments: those of the command line when None."""
    parser = argparse.ArgumentParser(prog="python -m topics.rights", description="Print the rights that are needed.")
    parser.add_argument("command", choices=[*COMMANDS, *(name.replace(" ", "-") for name in COMMANDS if " " in name)])
    parser.add_argument("--principal", default="User:ringback")
    parser.add_argument("--prefix", default=DEFAULT_PREFIX)
    parser.add_argument("--app", default=DEFAULT_APP)
    parser.add_argument("--console", action="store_true", help="of `topics`: also the topic that a console needs")
    parser.add_argument("--strimzi", metavar="CLUSTER", help="a KafkaUser for this Kafka resource, not commands")
    given = parser.parse_args(arguments)
    command = given.command.replace("-", " ")
    rights = COMMANDS[command](given.prefix, given.app)
    if given.console:
        if not command.startswith("topics "):
            parser.error("--console is for `topics create` and `topics check`")
        rights.append(rights[0]._replace(name=given.prefix + TopicName.CONSOLE_AUDIT))
    if given.strimzi:
        user = re.sub(r"[^a-z0-9.-]+", "-", given.principal.removeprefix("User:").removeprefix("CN=").lower())
        print(kafka_user(rights, user, given.strimzi), end="")
    else:
        print(commands(rights, given.principal), end="")


if __name__ == "__main__":
    main()
