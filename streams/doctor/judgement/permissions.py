"""What a user lacks of the rights that a command needs, and which commands it has enough for.

Source: `topics.rights`; docs/operate.md, section "Access rights on Kafka".
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from msgspec import Struct

from streams.doctor.findings import Check, Finding, Result, counted, listed
from topics.right import Resource, Right, alike
from topics.rights import COMMANDS

ROLES = {name.replace(" ", "-"): name for name in COMMANDS}
"""What rights are for, by a word for the command line: a command, or a program of somebody else."""


class Permitted(Struct, frozen=True):
    """What the user may do, by full name of topic and group: names of operations; None where Kafka does not say.

    ids: transactional ids that were asked for, and whether it sees them. on_cluster: what it may do to every topic.
    """

    topics: Mapping[str, frozenset[str] | None] = {}
    groups: Mapping[str, frozenset[str] | None] = {}
    ids: Mapping[str, bool | None] = {}
    on_cluster: frozenset[str] = frozenset()


def probe_of(right: Right) -> str:
    """A name that the right is on: itself, or one that begins with it."""
    return f"{right.name}0" if right.prefixed else right.name


def lacking(rights: Iterable[Right], permitted: Permitted) -> tuple[list[Right], list[Right]]:
    """Of these rights those that are not there, and those of which it cannot be said."""
    missing, unknown = [], []
    for right in rights:
        has = _has(right, permitted)
        if gone := tuple(one for one in right.operations if has(one) is False):
            missing.append(right._replace(operations=gone))
        if unclear := tuple(one for one in right.operations if has(one) is None):
            unknown.append(right._replace(operations=unclear))
    return missing, unknown


def _has(right: Right, permitted: Permitted) -> Callable[[str], bool | None]:
    if right.resource is Resource.TRANSACTIONAL_ID:
        return lambda _: permitted.ids.get(probe_of(right))
    of = permitted.topics if right.resource is Resource.TOPIC else permitted.groups
    operations = of.get(right.name)

    def has(operation: str) -> bool | None:
        if operation == "Create" and "Create" in permitted.on_cluster:
            return True
        return None if operations is None else operation in operations

    return has


def of_role(role: str, rights: Sequence[Right], permitted: Permitted, how_to_give: str) -> list[Finding]:
    """What a user lacks of the rights of a role, a finding for each kind of them; or that it lacks nothing."""
    missing, unknown = lacking(rights, permitted)
    found = [
        Finding(Check.RIGHTS, Result.PROBLEM, f"no right to {said}", how_to_give, figures={"rights": count})
        for said, count in in_words(missing)
    ]
    if unknown:
        what = f"Kafka does not say whether there is a right to {listed((said for said, _ in in_words(unknown)), 'or')}"
        found.append(Finding(Check.RIGHTS, Result.COULD_NOT_LOOK, what))
    if found:
        return found
    what = f"this user may do all that `{role}` needs: {counted(_count(rights), 'right')}"
    return [Finding(Check.RIGHTS, Result.OK, what)]


def in_words(rights: Iterable[Right]) -> list[tuple[str, int]]:
    """Rights, those to do the same together, and how many they are."""
    return [(_said(kind, names), len(names) * len(kind[1])) for kind, names in alike(rights).items()]


def _said(kind: tuple[Resource, tuple[str, ...], bool], names: list[str]) -> str:
    resource, operations, prefixed = kind
    if resource is Resource.TRANSACTIONAL_ID:
        on = f"transactional ids {'that begin with ' if prefixed else ''}{listed(names)}"
    else:
        on = f"{'topic' if resource is Resource.TOPIC else 'group'}{'' if len(names) == 1 else 's'} {listed(names)}"
    return f"{listed(operations)} {on}"


def _count(rights: Iterable[Right]) -> int:
    return sum(len(right.operations) for right in rights)


def of_any(rights: Mapping[str, Sequence[Right]], permitted: Permitted) -> list[Finding]:
    """Which roles a user has enough rights for; that it has none is a warning."""
    enough = [role for role, needed in rights.items() if not lacking(needed, permitted)[0]]
    if len(enough) == len(rights):
        return [Finding(Check.RIGHTS, Result.OK, "this user may do everything that any command needs")]
    if enough:
        what = f"this user has enough rights for {listed(enough)}. --as says what it lacks for another"
        return [Finding(Check.RIGHTS, Result.OK, what)]
    return [
        Finding(
            Check.RIGHTS, Result.WARNING, "this user has enough rights for no command and no client of Ringback",
            "name with --as what it is to be, to see which rights it lacks",
        )
    ]  # fmt: skip
