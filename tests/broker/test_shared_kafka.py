"""Processes that run tests side by side have one Kafka, which ends with its owner and whatever becomes of them."""

import socket

import pytest

from tests.shared_kafka import Owner, asked_for

pytestmark = pytest.mark.kafka


def is_there(bootstrap: str) -> bool:
    host, port = bootstrap.split(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0


def test_all_who_ask_have_the_same_kafka_until_its_owner_stops_it():
    owner = Owner()
    try:
        first = asked_for(owner.address)
        with socket.socket(socket.AF_UNIX) as hasty:  # One that dies before it has asked.
            hasty.connect(owner.address)
        assert asked_for(owner.address) == first and is_there(first.bootstrap)
    finally:
        owner.stop()
    assert not is_there(first.bootstrap)
    owner.stop()  # Once more does no harm.


def test_an_owner_who_is_not_asked_has_nothing_to_stop():
    owner = Owner()
    owner.stop()
    with pytest.raises(OSError):
        asked_for(owner.address)
