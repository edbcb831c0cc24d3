"""Who looks: invited by a link that works once, known again by a session that soon ends.

Links and sessions are remembered in the ledger's database, so that any worker knows them; of both
only a hash is kept. Idle and absolute limits: OWASP's session management cheat sheet gives 15 to 30
minutes and 4 to 8 hours as common (from memory, unverified).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from adapter.store import sessions
from adapter.store.database import Database

INVITATION_SECONDS = 600
IDLE_SECONDS = 1800
LONGEST_SECONDS = 8 * 3600
_SEEN_SECONDS = 60  # so seldom is it written that somebody is still there


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may look; `clinic` is '' for an operator, who is of the trial's own staff."""

    name: str
    role: Literal["clinician", "operator"]
    clinic: str = ""
    is_unblinded: bool = False

    @property
    def may_operate(self) -> bool:
        """Whether the operator's pages are for them."""
        return self.role == "operator"


@dataclass(frozen=True)
class People:
    """Lets people in, and knows them again; `unique` gives a text that nobody can guess."""

    database: Database
    known: Mapping[str, Person]
    now: Callable[[], datetime]
    unique: Callable[[], str]

    def invite(self, name: str) -> str:
        """A code that lets a known person in, once, within ten minutes."""
        code, now = self.unique(), self.now().timestamp()
        with self.database.write() as tx:
            sessions.invite(tx, _hash(code), name, now + INVITATION_SECONDS, now)
        return code

    def enter(self, code: str) -> tuple[Person, str] | None:
        """Who a code lets in, and the session that they get; None for a code that is no good."""
        now = self.now().timestamp()
        with self.database.write() as tx:
            person = self.known.get(sessions.spend(tx, _hash(code), now) or "")
        return None if person is None else (person, self.begin(person))

    def begin(self, person: Person) -> str:
        """A session of somebody who was let in."""
        token, now = self.unique(), self.now().timestamp()
        begun = sessions.Session(person.name, now + LONGEST_SECONDS, now)
        with self.database.write() as tx:
            sessions.begin(tx, _hash(token), begun)
        return token

    def who(self, token: str) -> Person | None:
        """Whose session it is; None for none, one that has ended, and for who may look no more."""
        now, digest = self.now().timestamp(), _hash(token)
        session = sessions.session(self.database.read(), digest)
        if session is None or now >= session.ends or now - session.seen >= IDLE_SECONDS:
            return None
        if now - session.seen >= _SEEN_SECONDS:
            with self.database.write() as tx:
                sessions.see(tx, digest, now)
        return self.known.get(session.person)

    def leave(self, token: str) -> None:
        """Ends a session."""
        with self.database.write() as tx:
            sessions.end(tx, _hash(token))


def form_token(session: str) -> str:
    """What each form of a session carries: nobody can make it who does not know the session."""
    return hashlib.sha256(f"form\x1f{session}".encode()).hexdigest()


def is_form_of(session: str, said: str) -> bool:
    """Whether a form came from a page of this session."""
    return hmac.compare_digest(form_token(session).encode(), said.encode())


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
