"""The callbacks of a partition that wait for their campaigns, and when the next of them may go out.

Released in the order of due time, callback id and key; a campaign's rate is shared evenly over the partitions.
Source: docs/rules.md, section 8 row 15.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from streams.engine.due_index import DueIndex
