"""What differs between the topics of a broker and those that there must be, as `ringback topics check` has it."""

from collections.abc import Mapping

from streams.doctor.findings import Check, Finding, Result, counted, listed
from streams.kafka.topic_differences import MISSING, Checked, Difference
from topics.topic import Topic

CREATE = "run `ringback topics create` with the same settings: it makes what is missing and changes nothing else"
PARTITIONS = (
    "all contact topics need the same number of partitions, and Kafka takes none back: make the topics anew under "
    "another prefix, see docs/operate.md, section Topics"
)
SETTING = "kafka-configs.sh --bootstrap-server ... --alter --topic {topic} --add-config {setting}"


def judge(checked: Checked, catalog: Mapping[str, Topic], prefix: str) -> list[Finding]:
    """One finding for what is missing, one for each other difference; or that there is none."""
    missing = [one for one in checked.differences if one.text == MISSING]
    found = [_missing(missing, len(catalog))] if missing else []
    found += [_different(one, catalog, prefix) for one in checked.differences if one.text != MISSING]
    if found:
        return found
    partitions = (
        "" if checked.partitions is None else f", contact topics with {counted(checked.partitions, 'partition')}"
    )
    what = f"{counted(len(catalog), 'topic')} as in the catalog{partitions}"
    return [
        Finding(Check.TOPICS, Result.OK, what, figures={"topics": len(catalog), "partitions": checked.partitions or 0})
    ]


def _missing(those: list[Difference], of: int) -> Finding:
    if len(those) == of and of > 1:
        what = f"none of the {of} topics is there: look at --prefix too"
    else:
        verb = "is" if len(those) == 1 else "are"
        what = f"{counted(len(those), 'topic')} of {of} {verb} missing: {listed(one.topic for one in those)}"
    result = Result.PROBLEM if any(one.fatal for one in those) else Result.WARNING
    return Finding(Check.TOPICS, result, what, CREATE, figures={"missing": len(those)})


def _different(one: Difference, catalog: Mapping[str, Topic], prefix: str) -> Finding:
    result = Result.PROBLEM if one.fatal else Result.WARNING
    setting = one.text.partition(" is ")[0]
    config = catalog[one.topic.removeprefix(prefix)].config()
    if setting in config:
        cure = SETTING.format(topic=one.topic, setting=f"{setting}={config[setting]}")
    else:
        cure = PARTITIONS if "partition" in one.text else "kafka-reassign-partitions.sh gives a topic other replicas"
    return Finding(Check.TOPICS, result, one.text, cure, one.topic)
