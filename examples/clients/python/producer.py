"""Sends a callback for each line of its input, a JSON object with the fields of docs/contract.md.

python producer.py < callbacks.jsonl
"""

import json
import sys

from ringback import Events


def main() -> None:
    """Until the input ends. A line that is sent once more changes nothing: the id of its event is the same."""
    events = Events()
    for line in sys.stdin.buffer:
        callback = json.loads(line)
        scheduled = {"type": "scheduled", "event_id": f"scheduled-{callback['callback_id']}", "source": "script"}
        events.send("callback-scheduled", scheduled | callback)
        print("sent", callback["callback_id"], flush=True)


if __name__ == "__main__":
    main()
