"""When the acquire gate opens."""

from streams.engine.gate import AcquireGate


def test_a_gate_over_nothing_is_open():
    assert AcquireGate({}).open


def test_a_topic_without_records_is_not_waited_for():
    assert AcquireGate({"wrap-up": 0}).open


def test_a_gate_opens_when_every_topic_has_reached_the_end_it_had():
    gate = AcquireGate({"wrap-up": 3, "contacts": 5})
    gate.reached("wrap-up", 3)
    assert not gate.open
    gate.reached("contacts", 4)
    assert not gate.open and gate.waiting() == {"contacts": 5}
    gate.reached("contacts", 7)
    assert gate.open


def test_a_topic_that_is_not_waited_for_changes_nothing():
    gate = AcquireGate({"wrap-up": 3})
    gate.reached("contacts", 100)
    assert gate.waiting() == {"wrap-up": 3}
