"""The ledger as one caller sees it: each text as the release gate gives it out, or nothing at all.

What a caller may not have is as if it were not there: the same answer as for what never was.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from adapter.fhir.check import write
from adapter.fhir.identity import Identity
from adapter.fhir.search.index import Found
from adapter.fhir.search.parameters import SERVED_TYPES
from adapter.instruments.form import Form
from adapter.instruments.participant import Participant
from adapter.instruments.study import Study
from adapter.release import Reader, Subject, decide
from adapter.release.blinding import TELLING, as_blinded, as_whole, reveals_allocation
from adapter.release.wording import without_wording
from adapter.server.caller import Caller
from adapter.server.public import as_it_stands, as_public, is_worded, public_index
from adapter.store import indexing, instances, reading
from adapter.store.database import Database
from adapter.store.finding import Hit
from adapter.store.reading import Written
from adapter.store.transaction import Transaction
from adapter.store.versions import Version

_MOST_DECIDED = 50_000


@dataclass(frozen=True)
class Ledger:
    """What is served: the ledger of a study.

    `identity` is the study's. `now` is the clock, aware. `is_linked` tells of a clinic and a
    participant whether a person said which Patient there it is: a clinic's client knows of nobody
    else. `patient_of` gives the id of our Patient by a clinic and the id of its own, None for
    nobody. `base` is the address of the service: an absolute reference in a search is to one of its
    resources if it begins so.
    """

    database: Database
    identity: Identity
    forms: Mapping[str, Form]
    now: Callable[[], datetime]
    is_linked: Callable[[str, str], bool]
    patient_of: Callable[[str, str], str | None] = lambda *_: None
    base: str = ""
    _as_held: dict[tuple[str, str, bool], bool] = field(
        default_factory=dict, repr=False, compare=False
    )
    _decided: dict[tuple[str, str, Reader, str], tuple[Participant | None, bool]] = field(
        default_factory=dict, repr=False, compare=False
    )

    @property
    def study(self) -> Study:
        """The study."""
        return self.identity.study

    def is_behind(self) -> bool:
        """Whether something was put since the last search."""
        return indexing.is_behind(self.database.read())

    def catch_up(self) -> None:
        """Makes what was put since the last search findable."""
        most = 0
        while self.is_behind():
            with self.database.write() as tx:
                most = max(most, self.index(tx))
        if most == indexing.BATCH:  # there was more than one transaction takes
            self.database.learn_sizes(indexing.INDEXED)

    def index(self, tx: Transaction) -> int:
        """Makes some of that findable inside a transaction; gives how many versions that were."""
        return indexing.catch_up(tx, self._found_by, self._is_news)

    def catch_up_in(self, tx: Transaction) -> None:
        """The same inside a transaction, which nothing is put beside."""
        while self.index(tx):
            pass

    def is_as_held(self, resource_type: str, form_id: str, *, in_part: bool) -> bool:
        """Whether what there is of a type and a form goes out as the ledger holds it.

        `in_part`: to who is told resources of this type without what would tell the arm.
        """
        name = resource_type, form_id, in_part
        known = self._as_held.get(name)
        if known is None:
            form = self.forms.get(form_id.rpartition("/")[2])
            if in_part:
                tells = form is None or form.kind == "adverse-event"  # as `as_blinded` has it
            else:
                tells = resource_type in TELLING or reveals_allocation(self.study, form_id)
            known = not (tells or (form is not None and is_worded(form, resource_type)))
            self._as_held[name] = known
        return known

    def releases(
        self, participant: str, form: str, reader: Reader, person: Participant | None
    ) -> bool:
        """Whether the gate releases today what is about somebody and from a form.

        It has no state: what it said of a person whose facts are the same still holds.
        """
        today = self.now().astimezone(self.study.zone).date().isoformat()
        name = participant, form, reader, today
        known = self._decided.get(name)
        if known is None or known[0] != person:
            if len(self._decided) >= _MOST_DECIDED:
                self._decided.clear()
            decision = decide(Subject(participant, form), self.study, reader, person, today)
            known = self._decided[name] = person, decision.is_released
        return known[1]

    def _found_by(self, version: Version) -> list[Found]:
        return public_index(version, self._form(version), self.study)

    def _is_news(self, before: Version, version: Version) -> bool:
        if version.type not in TELLING:
            return True
        told = [as_public(each, self._form(each), self.study) for each in (before, version)]
        return told[0] != told[1]

    def _form(self, version: Version) -> Form | None:
        return self.forms.get(version.form.rpartition("/")[2])


@dataclass(frozen=True, slots=True)
class Seen:
    """One version as a caller may know it; `text` is None for what is gone.

    `number` counts the versions that the caller can tell apart; `place` is its place among all.
    What has no versions has the number 0 and no moment (''): its text tells it apart.
    """

    type: str
    id: str
    number: int
    updated: str
    text: bytes | None
    place: int

    @property
    def etag(self) -> str:
        """As HTTP says which version it is."""
        return f'W/"{self.number or _digest(self.text or b"")}"'


@dataclass
class View:
    """What one caller sees of the ledger during one request.

    `met` are the names (type, id) of what was looked at, `given` of them what may be seen, and
    `about` the participants whose it is: for the audit of accesses. `find_person` gives which
    consents stand.
    """

    ledger: Ledger
    caller: Caller
    tx: Transaction
    met: set[tuple[str, str]] = field(default_factory=set)
    given: set[tuple[str, str]] = field(default_factory=set)
    about: dict[str, None] = field(default_factory=dict)
    find_person: Callable[[Transaction, str], Participant | None] = instances.participant
    _decided: dict[tuple[str, str], bool] = field(default_factory=dict)

    def may_see(self, participant: str, form: str) -> bool:
        """Whether the gate releases what is about this person and from this form."""
        known = self._decided.get((participant, form))
        if known is None:
            known = self._decided[participant, form] = self._decide(participant, form)
        return known

    def latest(self, resource_type: str, resource_id: str) -> Seen | None:
        """The newest version of a resource, None where the caller may not know of one."""
        if self.tells_in_part(resource_type):
            told = self.history(resource_type, resource_id)
            return told[-1] if told else None
        written = reading.newest(self.tx, resource_type, resource_id)
        return None if written is None else self._seen(written)

    def latest_of(self, hits: Sequence[Hit]) -> list[Seen]:
        """The newest versions of what was found, in its order, as far as the caller may know."""
        if any(self.tells_in_part(hit.type) for hit in hits):
            found = [self.latest(hit.type, hit.id) for hit in hits]
        else:
            written = reading.newest_at(self.tx, [hit.first for hit in hits])
            found = [self._seen(each) for each in written]
        return [seen for seen in found if seen is not None and seen.text is not None]

    def numbered(self, resource_type: str, resource_id: str, number: int) -> Seen | None:
        """One version of a resource, None where the caller may not know of it."""
        if self.tells_in_part(resource_type):
            known = self.history(resource_type, resource_id)
            return known[number - 1] if 0 < number <= len(known) else None
        written = reading.numbered(self.tx, resource_type, resource_id, number)
        return None if written is None else self._seen(written)

    def history(self, resource_type: str, resource_id: str) -> list[Seen]:
        """Every version that the caller can tell from the one before, the oldest first.

        A correction of what is concealed from them is none: else it would tell that there was one.
        """
        written = reading.history(self.tx, resource_type, resource_id)
        return self._told(map(self._seen, written))

    def as_then(self, written: Written) -> Seen | None:
        """A version as it was told when it was the newest, None where the caller may not know.

        It is not noted as met: of all that there is, that would be much.
        """
        version = written.version
        if version.version == 1 or not self.tells_in_part(version.type):
            return self._shown(written)
        history = reading.history(self.tx, version.type, version.id)
        told = self._told(map(self._shown, history[: version.version]))
        return told[-1] if told else None

    def _told(self, versions: Iterable[Seen | None]) -> list[Seen]:
        told: list[Seen] = []
        for seen in versions:
            if seen is None:
                return []
            if not self.tells_in_part(seen.type):
                told.append(seen)
            elif not told or told[-1].text != seen.text:
                told.append(replace(seen, number=len(told) + 1))
        return told

    def of_participant(self, participant: str, types: frozenset[str]) -> list[Seen]:
        """What the caller may know of one person, of these types, as it stands now."""
        told = []
        for written in reading.newest_of(self.tx, participant, types):
            version = written.version
            in_part = self.tells_in_part(version.type)
            seen = self.latest(version.type, version.id) if in_part else self._seen(written)
            if seen is not None and seen.text is not None:
                told.append(seen)
        return told

    def _seen(self, written: Written) -> Seen | None:
        """A version as the caller may know it, noted as met."""
        version = written.version
        name = version.type, version.id
        self.met.add(name)
        if version.participant:
            self.about[version.participant] = None
        seen = self._shown(written)
        if seen is not None:
            self.given.add(name)
        return seen

    def _shown(self, written: Written) -> Seen | None:
        version = written.version
        if version.type not in SERVED_TYPES or not self.may_see(version.participant, version.form):
            return None
        text = self.text(version)
        return Seen(version.type, version.id, version.version, written.created, text, written.place)

    def tells_in_part(self, resource_type: str) -> bool:
        """Whether the caller is told resources of a type without what would tell the arm."""
        return resource_type in TELLING and not self.caller.is_unblinded

    def text(self, version: Version) -> bytes | None:
        """What may be seen, as the caller may have it, None for what is gone.

        It is mostly the very text that the ledger holds.
        """
        if self.is_as_held(version.type, version.form) and not version.is_retracted:
            return version.text
        form = self.ledger.forms.get(version.form.rpartition("/")[2])
        study, form_id = self.ledger.study, version.form
        conceals = self.tells_in_part(version.type)
        said = as_it_stands(version)
        if said is None:
            return None
        told = as_blinded(said, form, study) if conceals else as_whole(said, form_id, study)
        if form is not None and is_worded(form, version.type):
            told = without_wording(told, form)
        return version.text if told is said and not version.is_retracted else write(told)

    def is_as_held(self, resource_type: str, form: str) -> bool:
        """Whether what there is of a type and a form goes out as the ledger holds it.

        What is retracted does not.
        """
        in_part = self.tells_in_part(resource_type)
        return self.ledger.is_as_held(resource_type, form, in_part=in_part)

    def _decide(self, participant: str, form: str) -> bool:
        clinic = self.caller.clinic
        if participant and clinic and not self.ledger.is_linked(clinic, participant):
            return False
        person = self.find_person(self.tx, participant) if participant else None
        return self.ledger.releases(participant, form, self.caller.reader, person)


def _digest(text: bytes) -> str:
    return hashlib.blake2b(text, digest_size=16).hexdigest()
