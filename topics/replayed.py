"""The headers of a dead letter that is sent anew: where it stood, what was wrong, and the run that sent it.

Source: docs/contract.md, section "Dead letters".
"""

PREFIX = "ringback.replay."
TOPIC = PREFIX + "topic"
PARTITION = PREFIX + "partition"
OFFSET = PREFIX + "offset"
ERROR = PREFIX + "error"
RUN = PREFIX + "run"
