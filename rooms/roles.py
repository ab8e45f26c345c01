"""The table of roles x commands in words: `python -m rooms.roles > docs/roles.md`."""

from __future__ import annotations

from rooms.features import commands, roles_by_command
from rooms.kernel import Role

_HEAD = """# Who may do what

Made by `python -m rooms.roles` from what the features admit (`rooms/features/*.py`, `admits`); a test tries
every cell on a running host. Who lacks the role is refused with `role-not-admitted`, before all else is looked at.
"""


def table() -> str:
    """A row per command and a column per role that some command admits by name, in Markdown."""
    admitted = roles_by_command()
    named = [role for role in Role if any(role in roles and roles != frozenset(Role) for roles in admitted.values())]
    rows = [["command", *named, "all others", ""], ["---"] * (len(named) + 3)]
    for name, roles in sorted(admitted.items()):
        others = all(role in roles for role in Role if role not in named)
        said = (commands()[name][0].__doc__ or "").partition("\n")[0]
        rows.append([f"`{name}`", *("yes" if role in roles else "" for role in named), "yes" if others else "", said])
    return _HEAD + "\n" + "".join(f"| {' | '.join(row)} |\n" for row in rows)


if __name__ == "__main__":
    print(table(), end="")
