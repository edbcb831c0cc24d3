"""Where a clinic keeps what is ours, in the ledger; and what a person there is asked to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapter.fhir.text import read_text
from adapter.render.errand import Errand, render_errand
from adapter.store import begun, holdings, versions
from adapter.store.durable import lay, remove
from adapter.store.places import Place, forget_place, keep_place, places
from adapter.store.remote import keep_remote_id, lose_remote_id, remote_id
from adapter.sync.post import TASK
from adapter.sync.receipt import Unreachable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from adapter.store.deliveries import Delivery
    from adapter.store.places import Cause
    from adapter.store.transaction import Transaction
    from adapter.sync.clinic import Clinic


class LedgerPlaces:
    """The places of a clinic, as its ledger remembers them."""

    def __init__(self, clinic: Clinic) -> None:
        """Of this clinic."""
        self._clinic = clinic

    def of(self, delivery: Delivery) -> list[Place]:
        """The places of a resource in order; none where it was never there.

        What went in a transaction, or where we choose ids, stands under our own.
        """
        tx = self._clinic.database.read()
        known = places(tx, delivery)
        if known:
            return known
        given = remote_id(tx, delivery)
        if given is None and (self._clinic.chooses_id(delivery.type) or self.held(delivery)):
            given = self._clinic.addresses.named(delivery).id
        return [] if given is None else [Place(0, given, self.held(delivery))]

    def held(self, delivery: Delivery) -> int:
        """Our version that is held there, 0 where none was ever accepted."""
        tx = self._clinic.database.read()
        found = holdings.holding(tx, delivery.clinic, delivery.type, delivery.id)
        return 0 if found is None else found.version

    def keep(self, delivery: Delivery, *places: Place) -> None:
        """Notes places, all at once; as long as there is one alone, its id is enough."""
        with self._clinic.write() as tx:
            self._keep(tx, delivery, places)

    @staticmethod
    def _keep(tx: Transaction, delivery: Delivery, places: Sequence[Place]) -> None:
        for place in places:
            if place.number or len(places) > 1 or place.standing != "stands":
                keep_place(tx, delivery, place)
            if not place.number:
                keep_remote_id(tx, delivery, place.remote_id)

    def begin(self, delivery: Delivery) -> None:
        """Notes that a resource is about to be created."""
        with self._clinic.write() as tx:
            begun.begin(tx, delivery)

    def end(self, delivery: Delivery) -> None:
        """Notes that it is known what came of a create."""
        with self._clinic.write() as tx:
            begun.end(tx, delivery)

    def may_be_there(self, delivery: Delivery) -> bool:
        """Whether it was about to be created once, where what was taken is not surely found."""
        tx = self._clinic.database.read()
        return begun.is_begun(tx, delivery) and not begun.finds(tx, delivery)

    def created(self, delivery: Delivery, *places: Place, is_found: bool) -> None:
        """Notes places of what was just created, and whether a search finds it; all at once."""
        with self._clinic.write() as tx:
            self._keep(tx, delivery, places)
            begun.end(tx, delivery)
            begun.note_found(tx, delivery, is_found=is_found)

    def forget(self, delivery: Delivery, place: Place) -> None:
        """Notes that the clinic lost what stood there."""
        with self._clinic.write() as tx:
            forget_place(tx, delivery, place.number)
            if not place.number:
                lose_remote_id(tx, delivery)

    def text_of(self, delivery: Delivery, version: int) -> bytes | None:
        """What was written there of a version of ours; None for version 0, which is none."""
        tx = self._clinic.database.read()
        return self._clinic.text_of(tx, delivery, version, "put") if version else None

    def ask(self, delivery: Delivery, place: Place, cause: Cause) -> str | Unreachable:
        """Lays a task into the clinic's folder, where it has one; gives its name.

        One that was asked for in this place before, and that nobody did, is taken out then.
        """
        clinic = self._clinic
        name = clinic.addresses.named(delivery).name
        said = (clinic.name, name, str(place.number), str(place.version), cause)
        task = f"{TASK}{clinic.identity.token('errand', *said)[:12]}"
        if clinic.tasks is None or not cause:
            return task
        tx = clinic.database.read()
        resource = read_text(versions.text_of(tx, *_key(delivery)))
        form = clinic.forms.get(delivery.form)
        errand = Errand(
            task,
            cause,
            f"{delivery.type}/{place.remote_id}",
            _title(resource, "" if form is None else form.title),
            resource,
        )
        content = render_errand(errand, clinic.addresses.person(delivery.participant)).encode()
        try:
            clinic.tasks.mkdir(parents=True, exist_ok=True, mode=0o700)
            lay(content, clinic.tasks / f".{task}.txt.part", clinic.tasks / f"{task}.txt")
            if place.standing == "left" and place.task not in {"", task}:
                remove(clinic.tasks / f"{place.task}.txt")
        except OSError as wrong:
            return Unreachable(wrong.strerror or type(wrong).__name__)
        return task


def _key(delivery: Delivery) -> tuple[str, str, int]:
    return delivery.type, delivery.id, delivery.version


def _title(resource: dict[str, object], form: str) -> str:
    code = resource.get("code")
    said = code.get("text") if isinstance(code, dict) else resource.get("description")
    return str(said or form)
