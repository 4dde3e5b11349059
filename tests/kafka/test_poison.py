"""What meets a bug is undone and quarantined; the partition goes on, a metric counts it, and nothing is lost."""

import json
from datetime import UTC, datetime, timedelta
from signal import SIGTERM

import pytest

from streams.dev.local import WORKER
from tests.kafka.cluster import LIST, PARTITIONS, Cluster, Reader, configure, feeder, reader
from tests.kafka.counted import counted
from tests.kafka.test_worker import SOON_S, scheduled
from topics.codec import encode
from topics.partitions import partition_for

pytestmark = pytest.mark.kafka

POISONED = ("-m", "tests.kafka.poisoned_worker")
OUTPUTS = ("dead-letter", "callback-lifecycle", "dial-preview")
NUMBER = "2125550101"


def of_one_partition(count: int) -> list[str]:
    """Contacts that share a partition."""
    names = (f"c{number}" for number in range(400))
    return [name for name in names if partition_for(f"{LIST}|{name}".encode(), PARTITIONS) == 2][:count]


def dialed(taken: Reader) -> list[str]:
    """The callbacks that went out, by id."""
    return sorted(command["callback_id"] for command in taken.values("dial-preview"))


async def test_a_poison_event_and_a_poison_timer_are_quarantined_and_their_partition_goes_on(cluster: Cluster) -> None:
    """Then the worker is replaced by one without the bug: the timer goes out once, the event can be sent again."""
    cluster.command = POISONED
    first, second, third = of_one_partition(3)
    due = datetime.now(UTC) + timedelta(seconds=3)
    poison = scheduled("poison-event", first, due)
    async with feeder(cluster) as feed, reader(cluster, OUTPUTS) as taken:
        await configure(feed)
        worker = cluster.worker(log_level="debug")
        good = [scheduled(name, contact, due) for name, contact in (("before", first), ("after", third))]
        for event in (good[0], scheduled("poison-timer", second, due), poison, good[1]):
            await feed.send("callback-scheduled", event)
        await feed.flush()
        await taken.until(lambda: dialed(taken) == ["after", "before"], SOON_S)

        (letter,) = taken.records["dead-letter"]
        assert (letter.key, letter.value) == (f"{LIST}|{first}".encode(), encode(poison))
        headers = dict(letter.headers)
        assert headers["ringback.error"] == b"internal_error"
        assert headers["__connect.errors.exception.class.name"] == b"Bug"
        assert NUMBER not in str(letter.headers) and NUMBER not in worker.log.read_text()
        assert "in poisoned" in worker.log.read_text()

        await taken.until(lambda: counted(worker, "ringback_internal_errors_total", kind="timer") > 0, SOON_S)
        assert counted(worker, "ringback_internal_errors_total", kind="event") == 1
        assert counted(worker, "ringback_dead_letters_total", code="internal_error") == 1
        assert counted(worker, "ringback_timers_retried", partition="2") == 1
        assert counted(worker, "ringback_timers_retried") == 1
        steps = [
            one["transition"] for one in taken.values("callback-lifecycle") if one["callback_id"] == "poison-timer"
        ]
        assert steps == ["scheduled"], "it is outstanding"
        said = [json.loads(line) for line in worker.log.read_text().splitlines()]
        bugs = {line["kind"]: line for line in said if line.get("event") == "internal_error"}
        (of_timer,) = [one for page in (worker.status() or {})["partitions"].values() for one in page["retried"]]
        assert bugs["timer"]["callback_id"] == of_timer["callback_id"] == "poison-timer"
        assert datetime.fromisoformat(of_timer["since"]) == due < datetime.fromisoformat(of_timer["next_try"])
        place = {"topic": headers["__connect.errors.topic"].decode(), "event_id": poison.event_id, "partition": 2}
        assert {name: bugs["event"][name] for name in place} == place
        assert bugs["event"]["offset"] == int(headers["__connect.errors.offset"])
        lives = [(line["callback_id"], line["transition"]) for line in said if line.get("event") == "transition"]
        assert ("before", "scheduled") in lives and ("before", "presented") in lives
        assert len(lives) == len(taken.values("callback-lifecycle"))
        assert NUMBER not in worker.log.read_text()
        await taken.until(lambda: counted(worker, "ringback_partition_ready") == PARTITIONS, SOON_S)
        assert worker.exit_code is None

        worker.signal(SIGTERM)
        assert worker.wait_ended(SOON_S) == 0
        cluster.replace(0, WORKER)
        await feed.send("callback-scheduled", poison)
        await feed.flush()
        await taken.until(lambda: dialed(taken) == ["after", "before", "poison-event", "poison-timer"], SOON_S)
        await taken.settle(1.0)
        assert len(dialed(taken)) == 4 and len(taken.records["dead-letter"]) == 1
        assert counted(cluster.workers[0], "ringback_timers_retried") == 0
        assert counted(cluster.workers[0], "ringback_internal_errors_total") == 0
