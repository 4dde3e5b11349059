"""A dialogue against the one that was expected, as a diff that is marked at the first difference."""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from itertools import takewhile

MARK = "^ the first difference"
FIELD = re.compile(r"(, |  |[(\[])(?=[^(\[]*\Z)")
AFTER = 24  # Characters.


def difference(expected: Sequence[str], came: Sequence[str]) -> str:
    """Both dialogues in one, `-` what was expected and did not come, `+` what came and is not mentioned.

    The line below the first of them points to the first character that differs, and quotes what stands there. Empty if
    they are the same.
    """
    shown: list[str] = []
    is_marked = False
    for tag, i, j, k, m in SequenceMatcher(None, expected, came, autojunk=False).get_opcodes():
        missing, extra = list(expected[i:j]), list(came[k:m])
        if tag == "equal":
            shown += [f"  {line}" for line in missing]
        elif is_marked:
            shown += _lines(missing, extra)
        else:
            shown += [*_lines(missing[:1], extra[:1]), _mark(missing, extra), *_lines(missing[1:], extra[1:])]
            is_marked = True
    return "\n".join(shown) if is_marked else ""


def _lines(missing: list[str], extra: list[str]) -> list[str]:
    return [*(f"- {line}" for line in missing), *(f"+ {line}" for line in extra)]


def _mark(missing: list[str], extra: list[str]) -> str:
    if not missing or not extra:
        return f"  {MARK}"
    alike = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(missing[0], extra[0], strict=False)))
    begins = max((found.end() for found in FIELD.finditer(missing[0][:alike])), default=0)
    was, now = (repr(line[begins : alike + AFTER]) for line in (missing[0], extra[0]))
    return f"  {' ' * alike}{MARK}: expected {was}, came {now}"
