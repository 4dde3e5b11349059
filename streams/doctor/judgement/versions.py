"""Whether the brokers, and what is installed here, are new enough.

Sources: Kafka's messages (clients/src/main/resources/common/message); KIP-584, KIP-890; docs/operate.md.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from streams.doctor.findings import Check, Finding, Result, counted, listed

TRANSACTIONS, METADATA = "transaction.version", "metadata.version"


class Need(Struct, frozen=True):
    """A request that brokers must know in this version at least. without: what is so if they do not."""

    api: int
    version: int
    since: str
    without: str
    result: Result = Result.WARNING


NEEDED = (
    Need(24, 0, "0.11", "no transaction can be made, so no worker starts", Result.PROBLEM),
    Need(1, 4, "0.11", "nothing can be read as committed, so no worker starts", Result.PROBLEM),
    Need(0, 3, "0.11", "records have no headers, so no worker starts", Result.PROBLEM),
    Need(11, 5, "2.3", "a restarted worker with instance_id moves its partitions"),
    Need(3, 10, "2.8", "a worker does not notice that a topic was recreated, so remove the state folders then"),
)


class Installed(Struct, frozen=True):
    """Versions on this machine. libraries: name to the installed version and the one that Ringback was written for."""

    ringback: str
    python: str
    libraries: Mapping[str, tuple[str, str]] = {}


class Broker(Struct, frozen=True):
    """What a broker knows. apis: by key of a request its highest version. features: levels that are switched on."""

    apis: Mapping[int, int]
    features: Mapping[str, int]


def judge(brokers: Sequence[Broker], installed: Installed, transaction_protocol: int) -> list[Finding]:
    """What is too old; or that nothing is."""
    found = [finding for need in NEEDED if (finding := _too_old(need, brokers)) is not None]
    level = min((broker.features.get(TRANSACTIONS, 0) for broker in brokers), default=0)
    if level < transaction_protocol and transaction_protocol > 1:
        found.append(_no_transactions_2(level, transaction_protocol))
    here = _here(installed)
    if found:
        return [*found, Finding(Check.VERSIONS, Result.OK, here)]
    return [Finding(Check.VERSIONS, Result.OK, f"{_there(brokers)}. {here}", figures=_figures(brokers))]


def _too_old(need: Need, brokers: Sequence[Broker]) -> Finding | None:
    old = sum(broker.apis.get(need.api, -1) < need.version for broker in brokers)
    if not old:
        return None
    of = f"{old} of {counted(len(brokers), 'broker')} {'is' if old == 1 else 'are'}"
    what = f"{of} older than Kafka {need.since}: {need.without}"
    return Finding(Check.VERSIONS, need.result, what, f"upgrade the brokers to Kafka {need.since} or later")


def _no_transactions_2(level: int, protocol: int) -> Finding:
    what = f"transaction_protocol is {protocol}, and the cluster has {TRANSACTIONS} {level}, so no worker starts"
    cure = (
        "set transaction_protocol to 1, or upgrade the feature when all brokers run 4.1 or later: "
        f"kafka-features.sh --bootstrap-server ... upgrade --feature {TRANSACTIONS}=2"
    )
    return Finding(Check.VERSIONS, Result.PROBLEM, what, cure)


def _there(brokers: Sequence[Broker]) -> str:
    features = _figures(brokers)
    known = [f"{name} {features[name]}" for name in (METADATA, TRANSACTIONS) if name in features]
    levels = f" with {listed(known)}" if known else ""
    return f"{counted(len(brokers), 'broker')}{levels}, new enough for all that Ringback does"


def _figures(brokers: Sequence[Broker]) -> dict[str, int | float | str]:
    """The lowest level of each feature: brokers differ during an upgrade."""
    names = sorted({name for broker in brokers for name in broker.features})
    return {name: min(broker.features.get(name, 0) for broker in brokers) for name in names}


def _here(installed: Installed) -> str:
    words = [
        f"{name} {has}" if has == wanted else f"{name} {has}, written for {wanted}"
        for name, (has, wanted) in installed.libraries.items()
    ]
    return f"Here: Ringback {installed.ringback}, Python {installed.python}, {', '.join(words)}"
