"""Why a consumer group does not take a worker, in words that say what to change."""

from aiokafka.errors import (
    BrokerResponseError,
    GroupAuthorizationFailedError,
    InconsistentGroupProtocolError,
    InvalidSessionTimeoutError,
    KafkaError,
)

from streams.base.settings import Settings
from streams.library_internals.aiokafka.group_member import name_error


class GroupMaxSizeReachedError(BrokerResponseError):  # type: ignore[misc]
    """aiokafka does not know this code of Kafka's and would say `UnknownError`."""

    errno = 81
    message = "GROUP_MAX_SIZE_REACHED"
    description = "The consumer group has reached its maximum number of members"


name_error(GroupMaxSizeReachedError)


def refusal(error: BaseException, settings: Settings) -> str | None:
    """Why the group refuses this worker, and what to do; None for what is no refusal."""
    group = f"the consumer group {settings.app} refuses this worker"
    match error:
        case InvalidSessionTimeoutError():
            return (
                f"{group}: session_timeout_s {settings.session_timeout_s:g} is not within what the broker allows "
                "(group.min.session.timeout.ms, group.max.session.timeout.ms). Set RINGBACK_SESSION_TIMEOUT_S to fit"
            )
        case InconsistentGroupProtocolError():
            return (
                f"{group}: a program that is not Ringback is a member and assigns partitions in another way. "
                "Stop it, or give this installation a group of its own with --app"
            )
        case GroupAuthorizationFailedError():
            return f"{group}: it may not Read and Describe the group. docs/operate.md lists the access rights"
        case KafkaError() if GroupMaxSizeReachedError.__name__ in repr(error):  # aiokafka wraps it in its repr.
            return f"{group}: it has as many members as the broker allows (group.max.size). Stop one, or raise that"
        case _:
            return None
