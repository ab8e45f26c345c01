"""The one screen that a start shows: what runs where, one link per role, how to stop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from server.settings import EVERYWHERE, Settings, is_loopback


class Link(msgspec.Struct, frozen=True):
    """A row of `python -m server invites --json`."""

    role: str
    name: str | None = None
    venue: str | None = None
    source: str | None = None
    url: str | None = None


FIRST_PICTURE: Final = (
    "The first picture: open the operator link and press Publish; open the attendee link,",
    "write a name and press Join.",
    "",
)


def welcome(settings: Settings, pids: Mapping[str, int], links: Sequence[Link], authority: str = "") -> str:
    """The screen as text. One link per role is shown; the others are named by number.

    `authority` is the fingerprint of the local authority, when one signs our certificate.
    """
    everywhere = is_loopback(settings.host) or settings.host in EVERYWHERE
    offered = ", ".join(settings.announce) or ("every address of this machine" if everywhere else settings.host)
    kinds = "UDP" if settings.port == settings.udp_port else "UDP and TCP"
    lines = [
        "",
        f"Twinhall runs: {', '.join(settings.conferences)}",
        "",
        f"  web    {settings.origin}  (process {pids.get('web', 0)})",
        f"  relay  {kinds} port {settings.udp_port}, offering {offered}  (process {pids.get('relay', 0)})",
        f"  data   {settings.data.resolve()}  (log/ has what both say)",
        "",
        *(_trust_lines(settings, authority) if authority else []),
        *_link_lines(links),
        "Ctrl-C stops it.",
    ]
    return "\n".join(lines)


def _trust_lines(settings: Settings, authority: str) -> list[str]:
    half = len(authority) // 2
    return [
        "  Browsers trust this node once its authority is installed on the device:",
        f"    {settings.origin}/authority.crt",
        f"    SHA-256 {authority[: half + 1]}",
        f"            {authority[half + 1 :]}",
        "  Guests' own phones need a publicly trusted certificate: --tls-cert FILE --tls-key FILE",
        "",
    ]


def _link_lines(links: Sequence[Link]) -> list[str]:
    shown = {link.role: link for link in reversed(links) if link.url}
    if not shown:
        return []
    width = max(map(len, shown))
    ordered = dict.fromkeys(link.role for link in links if link.role in shown)
    lines = [f"  {role:<{width}}  {shown[role].url}" for role in ordered]
    more = sum(1 for link in links if link.url) - len(lines)
    if more:
        lines.append(f"  {'':<{width}}  and {more} more on the organiser's page")
    return [*lines, "", *(FIRST_PICTURE if {"operator", "attendee"} <= shown.keys() else [])]
