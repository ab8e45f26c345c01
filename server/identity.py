"""Who may enter: links derived from the node's key, sessions signed by it, Actors out of both.

Nothing here is stored but the key. A link's token is an HMAC of the
conference, the invite and its generation, so that it can be shown again;
renewing the link is the next generation.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import jwt
import msgspec

from rooms.features.links import Standing
from rooms.invites import Invite
from rooms.kernel import Actor, ConferenceId, DeviceId, InviteId, PersonId, Refused, VenueId
from server.settings import Unusable
from server.storage import store

KEY_BYTES: Final = 32
TOKEN_BYTES: Final = 16
"""128 bits: nobody guesses a link."""
SESSION_S: Final = 90 * 24 * 3600
"""A browser stays the same person from the invitation to the evening."""

CODE_SIGNS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH: Final = 6
"""30 bits: good for a minute or two, and it weighs only."""

LINK_UNKNOWN: Final = "link-unknown"
LINK_REVOKED: Final = "link-revoked"


class Link(msgspec.Struct, frozen=True):
    """One invite's link of one generation."""

    conference: ConferenceId
    invite: Invite
    generation: int
    token: str
    revoked: bool = False


class Session(msgspec.Struct, frozen=True):
    """What a cookie says: this browser is this person of this link."""

    conference: ConferenceId
    invite: InviteId
    generation: int
    person: PersonId
    device: DeviceId


def node_key(path: Path, anew: str = "hand out new links") -> bytes:
    """A key of the node, made at the first start, readable by its owner only. Raises Unusable.

    `anew` is what to do when it was deleted.
    """
    try:
        if not path.exists():
            _make_key(path)
        key = path.read_bytes()
    except OSError as wrong:
        raise Unusable(f"the node's key {path} can't be used ({wrong.strerror}): mend the folder's rights") from wrong
    if len(key) != KEY_BYTES:
        raise Unusable(f"the node's key {path} is damaged: restore it from a backup, or delete it and {anew}")
    return key


def _make_key(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    store(path, secrets.token_bytes(KEY_BYTES))


class Identity:
    """Tokens and cookies in, Actors out."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._session_key = self._derived("session")
        self._links: dict[ConferenceId, dict[bytes, Link]] = {}

    def learn(self, conference: ConferenceId, rows: Iterable[tuple[Invite, Standing]]) -> None:
        """Replace what is known of a conference's links: the good ones, and the dead ones as such."""
        links = [
            Link(conference, invite, number, self.token(conference, invite.id, number), self._dead(standing, number))
            for invite, standing in rows
            for number in range(1, standing.generation + 1)
        ]
        self._links[conference] = {_digest(link.token): link for link in links}

    def token(self, conference: ConferenceId, invite: InviteId, generation: int) -> str:
        """The link's secret: 128 bits, base64url (RFC 4648 section 5) without padding."""
        derived = self._derived("link", conference, invite, str(generation))
        return base64.urlsafe_b64encode(derived[:TOKEN_BYTES]).rstrip(b"=").decode()

    def code(self, conference: ConferenceId, venue: VenueId, step: int) -> str:
        """What a hall's screen shows in a step of time: six signs that nobody takes for one another (Crockford)."""
        number = int.from_bytes(self._derived("code", conference, venue, str(step))[:8])
        return "".join(CODE_SIGNS[number >> 5 * place & 31] for place in range(CODE_LENGTH))

    def link(self, token: str) -> Link:
        """The link a token opens. Raises Refused `link-unknown` or `link-revoked`."""
        digest = _digest(token)
        for links in self._links.values():
            link = links.get(digest)
            if link is not None and hmac.compare_digest(link.token.encode(), token.encode("utf-8", "replace")):
                if link.revoked:
                    raise Refused(LINK_REVOKED)
                return link
        raise Refused(LINK_UNKNOWN)

    def seat(self, link: Link, cookie: str | None) -> Session:
        """The browser's session of this link: the one in its cookie, or a new one.

        A personal link is one person everywhere; a group link is one per browser.
        """
        known = self._session(link, cookie)
        if known is not None:
            return known
        person = link.invite.person or PersonId(secrets.token_hex(TOKEN_BYTES))
        return self._new_session(link, person, DeviceId(secrets.token_hex(8)))

    def actor(self, link: Link, cookie: str | None) -> Actor:
        """Who acts. Without a cookie (encoders, players) a group link is one nameless person."""
        session = self._session(link, cookie) or self._nameless(link)
        invite = link.invite
        return Actor(session.person, invite.role, invite.venue, invite.source, invite.id, session.device)

    def entered(self, link: Link, cookie: str | None) -> bool:
        """Whether the browser came in by this link before."""
        return self._session(link, cookie) is not None

    def signed(self, session: Session) -> str:
        """The session as a cookie's value (JWS, HS256)."""
        return jwt.encode(msgspec.to_builtins(session), self._session_key, algorithm="HS256")

    def _session(self, link: Link, cookie: str | None) -> Session | None:
        """The cookie's session, if it is ours and of this very link."""
        if cookie is None:
            return None
        try:
            session = msgspec.convert(jwt.decode(cookie, self._session_key, algorithms=["HS256"]), Session)
        except (jwt.InvalidTokenError, msgspec.ValidationError):
            return None
        ours = (session.conference, session.invite, session.generation)
        return session if ours == (link.conference, link.invite.id, link.generation) else None

    def _nameless(self, link: Link) -> Session:
        anonymous = self._derived("person", link.conference, link.invite.id)[:TOKEN_BYTES].hex()
        return self._new_session(link, link.invite.person or PersonId(anonymous), DeviceId(""))

    def _new_session(self, link: Link, person: PersonId, device: DeviceId) -> Session:
        return Session(link.conference, link.invite.id, link.generation, person, device)

    def _dead(self, standing: Standing, generation: int) -> bool:
        return standing.revoked or generation < standing.generation

    def _derived(self, *words: str) -> bytes:
        """A secret of the node's key for exactly these words."""
        return hmac.digest(self._key, "\0".join(("twinhall", *words)).encode(), hashlib.sha256)


def cookie_name(link: Link, *, secure: bool) -> str:
    """Each link has its own cookie: one browser may be an operator here and the wall there."""
    prefix = "__Host-" if secure else ""
    return f"{prefix}twinhall-{link.conference}.{link.invite.id}"


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
