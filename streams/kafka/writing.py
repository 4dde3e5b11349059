"""What is wrong when a topic cannot be written, in one line for people."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    KafkaError,
    MessageSizeTooLargeError,
    TopicAuthorizationFailedError,
)

from streams.base.errors import OperatorError
from streams.kafka.diagnosis import RIGHTS


@contextmanager
def saying_what_is_wrong(topic: str, so_far: Callable[[], str]) -> Iterator[None]:
    """Turn the errors of a producer into an OperatorError; so_far: what has become of the records until then."""
    try:
        yield
    except (TopicAuthorizationFailedError, ClusterAuthorizationFailedError):
        raise OperatorError(f"this user has no right to Write topic {topic}. {RIGHTS}") from None
    except MessageSizeTooLargeError:
        raise OperatorError(f"{topic} takes no records of this size. {so_far()}") from None
    except KafkaError as error:
        said = " ".join(str(error).split()) or type(error).__name__
        raise OperatorError(f"{topic} cannot be written: {said}. {so_far()}") from None
