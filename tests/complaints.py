"""What a command says that ends with an expected error: plain lines for people, lines of its log for a worker."""

import orjson


def complaint(line: str, *, of_worker: bool) -> str:
    """The text of the one line that ended a command, of a worker whose log is JSON or of any other."""
    if of_worker:
        said = orjson.loads(line)
        assert (said["level"], said["event"]) == ("critical", "not_started"), said
        return str(said["message"])
    assert line.startswith("ringback: "), line
    return line.removeprefix("ringback: ")
