"""How often addresses of brokers are tried: by one client or by hundreds, for one address or for many."""

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.kafka.reconnects import BACKOFF_MAX_S, SPACING_S, Reconnects, Verdict

GO, WAIT, REFUSED = Verdict


def test_an_address_that_nobody_knows_is_tried_by_one_while_the_others_wait() -> None:
    reconnects = Reconnects()
    assert [reconnects.ask("a", 0.0) for _ in range(3)] == [GO, WAIT, WAIT]
    reconnects.connected("a")
    assert [reconnects.ask("a", 0.0) for _ in range(3)] == [GO, GO, GO]


def test_where_an_attempt_has_failed_all_fail_at_once_until_it_is_tried_again() -> None:
    reconnects = Reconnects()
    reconnects.ask("a", 0.0)
    reconnects.failed("a", 0.0)
    assert reconnects.ask("a", 0.05) is REFUSED
    assert [reconnects.ask("a", 0.2), reconnects.ask("a", 0.2)] == [GO, REFUSED]
    reconnects.connected("a")
    assert reconnects.ask("a", 0.2) is GO


def test_when_a_good_connection_breaks_one_attempt_goes_ahead_of_the_others_without_a_pause() -> None:
    reconnects = Reconnects()
    reconnects.ask("a", 0.0)
    reconnects.connected("a")
    reconnects.answered("a")
    reconnects.broke("a")
    assert [reconnects.ask("a", 9.0), reconnects.ask("a", 9.0)] == [GO, WAIT]


def test_an_attempt_that_was_given_up_says_nothing_and_leaves_the_way_free() -> None:
    reconnects = Reconnects()
    reconnects.ask("a", 0.0)
    reconnects.abandoned("a")
    assert reconnects.ask("a", 0.0) is GO


def test_an_address_that_takes_connections_and_closes_them_again_is_backed_off_from_as_one_that_refuses_them() -> None:
    reconnects, now, tries = Reconnects(), 0.0, 0
    while now < 10.0:
        if reconnects.ask("a", now) is GO:
            tries += 1
            reconnects.connected("a")
            reconnects.failed("a", now)  # It closed before it had answered anything.
        now += 0.01
    assert tries <= 10.0 / BACKOFF_MAX_S + 5


def test_an_address_that_answers_again_begins_with_the_shortest_pause() -> None:
    reconnects, now = Reconnects(), 0.0
    for _ in range(10):
        now += 1.0
        reconnects.ask("a", now)
        reconnects.failed("a", now)
    reconnects.ask("a", now + 1.0)
    reconnects.connected("a")
    reconnects.answered("a")
    reconnects.failed("a", now + 2.0)
    assert reconnects.ask("a", now + 2.0 + 1.01 * SPACING_S) is GO


@settings(max_examples=30)
@given(addresses=st.integers(1, 30), clients=st.integers(1, 50), seed=st.randoms(use_true_random=False))
def test_ten_attempts_a_second_at_most_whatever_the_number_of_clients_and_addresses(addresses, clients, seed) -> None:
    reconnects, now, tries = Reconnects(lambda: seed.uniform(0.8, 1.2)), 0.0, 0
    while now < 5.0:
        for _ in range(clients):
            address = str(seed.randrange(addresses))
            if reconnects.ask(address, now) is GO:
                tries += 1
                reconnects.failed(address, now)
        now += 0.05
    assert tries <= addresses + 5.0 / SPACING_S + 1
