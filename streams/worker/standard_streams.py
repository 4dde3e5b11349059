"""Standard input, output and error of a process, whatever the caller has done to them.

The caller may have closed one: what is opened next would then get its number, and whatever is written to standard error
by a library would go into a file of the state, or to a broker. The caller's locale decides the encoding otherwise.
"""

import io
import os
import sys

NUMBERS = (0, 1, 2)


def make_usable() -> None:
    """Open what is closed on nothing at all, and write UTF-8 with plain line ends, in every locale.

    What cannot be written, such as half of a surrogate pair in the name of a file, is written as an escape.
    """
    for number in NUMBERS:
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # It gets the lowest number that is free.
    # Python has none where it found one closed.
    sys.stdin = sys.stdin or open(os.devnull, encoding="utf-8")  # noqa: SIM115  (for as long as the process lives)
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")
