"""Whatever happens on the way, in the end each record system holds what it should, and once."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from hypothesis import example, given, settings

from adapter.fhir.check import write
from adapter.fhir.comparison import is_same_content
from adapter.fhir.text import read_text
from adapter.release.blinding import TELLING, as_blinded
from adapter.store import instances, versions
from adapter.store.database import Database
from adapter.store.versions import Version
from adapter.sync.outgoing import wire_text
from adapter.sync.plan import plan
from adapter.sync.push import push
from adapter.sync.verify import verify
from tests.properties.histories import histories
from tests.properties.world import (
    PROFILES,
    PURPOSES,
    RECORDS,
    Agreed,
    Answered,
    Ingested,
    Joined,
    Meanwhile,
    Present,
    Pushed,
    Resource,
    Step,
    Upgraded,
    Verified,
    Which,
    Withdrew,
    World,
    opened,
)

DIED = Pushed("clinic", ("passes", "killed late"))


@given(history=histories())
# A form is gone before it ever left: its Provenance would name what never came.
@example([Ingested((Answered("1", "mood", None),))])
# Somebody withdraws, answers anew, and is gone: what is retracted must not tell the new answer.
@example(
    [
        Pushed("repository", ()),
        Withdrew("2", "research"),
        Ingested((Answered("2", "mood", 3),)),
        Ingested((Present("2", is_present=False),)),
    ]
)
# A baseline is gone before a change since it left, corrected in between, and with a newcomer.
@example([Ingested((Answered("1", "mood", None), Answered("1", "mood later", 0)))])
@example(
    [Ingested((Answered("1", "mood", 2),)), Ingested((Answered("1", "mood", None),)), Joined()]
)
# A clinic joins after a form is gone, and after the Device was put anew: nobody is named too early.
@example([Ingested((Answered("1", "mood", None),)), Joined()])
@example([Upgraded(), Ingested((Answered("1", "pain", 2),)), Joined()])
# The Device is put anew before anything left: it keeps its place before those that name it.
@example([Upgraded(), Ingested((Answered("1", "pain", 2),))])
# A consent is refused and given again while a push is under way: what it held goes first.
@example(
    [
        Pushed(
            "repository",
            (
                Meanwhile((Agreed("1", "research", "refused"),), is_late=False),
                Meanwhile((Agreed("1", "research", "given"),), is_late=False),
            ),
        )
    ]
)
# A retraction arrives and the push dies: what is read back before the next push is in doubt.
@example(
    [
        Pushed("clinic", ()),
        Ingested((Present("1", is_present=False), Answered("2", "mood later", 0))),
        Pushed(
            "clinic",
            ("passes", Meanwhile((Present("2", is_present=False),), is_late=False), "killed late"),
        ),
        Ingested((Present("2", is_present=True),)),
        Verified("clinic", ()),
    ]
)
# A push dies, and what it may have sent is corrected or withdrawn, and taken back.
@example([DIED, Withdrew("1", "share"), Ingested((Answered("1", "mood", None),))])
@example([DIED, Ingested((Answered("1", "mood", 2),)), Withdrew("1", "share")])
@example([DIED, Ingested((Answered("1", "mood", 2),)), Ingested((Present("1", is_present=False),))])
@example(
    [
        Pushed("clinic", ()),
        Ingested((Answered("1", "mood", 2),)),
        Pushed("clinic", ("killed",)),
        Withdrew("1", "share"),
    ]
)
# A baseline is entered after the later answers, and before anything left.
@example(
    [
        Ingested((Answered("1", "mood", None), Answered("1", "mood later", 1))),
        Ingested((Answered("1", "mood", 2),)),
    ]
)
@settings(max_examples=200, deadline=None)
def test_after_any_history_each_record_system_holds_the_newest_that_it_may_know_and_each_once(
    history: list[Step],
) -> None:
    with opened(history) as world:
        world.ingest()
        for step in history:
            world.run(step)

        sync(world)

        for which in PROFILES:
            check_what_is_there(world, which)
            check_the_order_of_what_came(world, which)
            check_what_crossed_the_wire(world, which)
        check_the_ledger(world)
        check_that_nothing_is_left_to_send(world)


def sync(world: World) -> None:
    """Reads, delivers and reads back after some rest, and nothing goes wrong."""
    world.now += timedelta(hours=2)
    world.has_joined = True
    world.ingest()
    for which, far in world.far.items():
        far.faults.clear()
        push(world.clinic(which))
        verify(world.clinic(which))


def check_what_is_there(world: World, which: Which) -> None:
    accepts = PROFILES[which].accepts
    far = world.far[which]
    for version in newest(world.database):
        if version.type not in accepts:
            continue
        name = f"{version.type}/{version.id}"
        there = far.holds(name)
        if version.is_retracted:
            assert is_taken_back(there), name
        elif version.form in {"tally", "safety/tally"}:
            assert far.version_of(name) == 0, name
        elif may_know(world, which, version):
            if version.type == "Provenance" and not is_needed(world, which, version):
                continue
            assert there is not None, name
            assert is_same_content(on_the_wire(world, which, version), there), name
        elif which == "clinic" and has_withdrawn(world, version.participant):
            assert is_taken_back(there), name
        else:
            assert there is None or was_said(world, which, version, there), name
    for kind, id_ in everything_at(world, which):
        assert kind in accepts or kind == "Patient"
        assert versions.latest(world.database.read(), kind, id_) or which == "clinic"


def newest(database: Database) -> list[Version]:
    tx = database.read()
    return [version for kind in versions.types(tx) for version in versions.of_type(tx, kind)]


def everything_at(world: World, which: Which) -> list[tuple[str, str]]:
    resources = world.far[which].system.resources
    return [(kind, id_) for kind in PROFILES[which].accepts for id_ in resources.live(kind)]


def is_taken_back(there: Resource | None) -> bool:
    """Whether it says so, or is gone; a Provenance stays, as the record of what was said."""
    if there is None or there["resourceType"] == "Provenance":
        return True
    return there.get("status") == "entered-in-error" or there.get("active") is False


def is_needed(world: World, which: Which, provenance: Version) -> bool:
    """Whether it is the newest that tells what something that is there comes from.

    Where something is there and none tells of it, the newest of all should have.
    """

    def is_there(name: str) -> bool:
        return not is_taken_back(world.far[which].holds(name))

    unit = versions.of_unit(world.database.read(), provenance.unit)
    provenances = [each for each in unit if each.type == "Provenance"]
    others = [f"{each.type}/{each.id}" for each in unit if each.type != "Provenance"]
    telling = [
        each
        for each in provenances
        if any(is_there(target["reference"]) for target in read_text(each.text)["target"])
    ]
    newest_of_them = (telling or provenances)[-1]
    return newest_of_them.id == provenance.id and any(map(is_there, others))


def may_know(world: World, which: Which, version: Version) -> bool:
    if not version.participant:
        return True
    if not world.people[version.participant].is_present:
        return False  # of whom the source no longer knows, nobody knows what they agree to
    word = world.words(version.participant)[PURPOSES[which]]  # type: ignore[index]
    is_notice = version.form == "participation" and is_known(world, which, version.participant)
    return word == "given" or (word == "withdrawn" and is_notice)


def is_known(world: World, which: Which, participant: str) -> bool:
    """Whether something of somebody stands there."""
    there = (
        world.far[which].holds(f"{version.type}/{version.id}")
        for version in versions.of_participant(world.database.read(), participant)
    )
    return any(
        each is not None and (each["resourceType"] == "Provenance" or not is_taken_back(each))
        for each in there
    )


def has_withdrawn(world: World, record: str) -> bool:
    return world.people[record].is_present and world.words(record)["share"] == "withdrawn"


def on_the_wire(world: World, which: Which, version: Version) -> bytes:
    ours = world.trial.identity.patient(version.participant)
    theirs = ours if which == "repository" else f"p{version.participant}"
    text = told(world, version, version.text)
    sent = wire_text(text, is_retraction=False, ours=ours, theirs=theirs)
    assert sent is not None
    return sent


def told(world: World, version: Version, text: bytes) -> bytes:
    """A text as those get it who must not know the arm: nobody here may."""
    form = world.trial.forms.get(version.form)
    held = json.loads(text)
    blinded = as_blinded(held, form, world.trial.study) if version.type in TELLING else held
    return text if blinded is held else write(blinded)


def was_said(world: World, which: Which, version: Version, there: Resource) -> bool:
    rows = world.database.read().execute(
        "SELECT version, text FROM version WHERE type = ? AND id = ?", (version.type, version.id)
    )
    return any(
        bare(json.loads(told(world, version, row["text"])))
        == bare(ours(world, which, version, there))
        for row in rows
    )


def ours(world: World, which: Which, version: Version, there: Resource) -> Resource:
    """What is there, with our Patient in it."""
    mine = world.trial.identity.patient(version.participant)
    theirs = mine if which == "repository" else f"p{version.participant}"
    said: Resource = json.loads(
        json.dumps(there).replace(f'"Patient/{theirs}"', f'"Patient/{mine}"')
    )
    return said


def bare(resource: Resource) -> Resource:
    """A resource without what says whether it holds, and without what servers add."""
    meta = {
        k: v for k, v in resource.get("meta", {}).items() if k in {"security", "profile", "tag"}
    }
    rest = {k: v for k, v in resource.items() if k not in {"status", "active", "meta", "text"}}
    return {**rest, "meta": meta}


def check_the_order_of_what_came(world: World, which: Which) -> None:
    """No older version came after a newer one."""
    tx = world.database.read()
    for version in newest(world.database):
        rows = tx.execute(
            "SELECT version, text FROM version WHERE type = ? AND id = ? ORDER BY version",
            (version.type, version.id),
        ).fetchall()
        known = [
            (row["version"], bare(json.loads(told(world, version, row["text"])))) for row in rows
        ]
        reached = 0
        for stored in world.far[which].system.resources.versions(version.type, version.id):
            if stored.body is None:
                continue
            said = bare(ours(world, which, version, json.loads(stored.body)))
            fitting = [number for number, text in known if text == said and number >= reached]
            assert fitting, f"{version.type}/{version.id} went back"
            reached = fitting[0]


def check_what_crossed_the_wire(world: World, which: Which) -> None:
    """Nothing of who never agreed was sent; a retraction said nothing that had not been said."""
    purpose: Any = PURPOSES[which]
    never = [record for record in RECORDS if (record, purpose) not in world.agreed]
    said: dict[str, list[Resource]] = {}
    for entries in world.far[which].transactions:
        for entry in entries:
            resource = entry.get("resource")
            if resource is None:
                continue
            text = json.dumps(resource)
            for record in never:
                assert f"Patient/{world.trial.identity.patient(record)}" not in text
                assert f'"Patient/p{record}"' not in text
            before = said.setdefault(entry["request"]["url"], [])
            if resource.get("status") == "entered-in-error" or resource.get("active") is False:
                assert bare(resource) in before, entry["request"]["url"]
            before.append(bare(resource))


def check_that_nothing_is_left_to_send(world: World) -> None:
    sent = [len(far.transactions) for far in world.far.values()]
    for which in PROFILES:
        told = plan(world.clinic(which))
        assert (told.create, told.update, told.retract) == ({}, {}, {})
    sync(world)
    assert [len(far.transactions) for far in world.far.values()] == sent


def check_the_ledger(world: World) -> None:
    """Every delivery came to an end, and the newest of everything is what a first reading gives."""
    tx = world.database.read()
    assert tx.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    rows = tx.execute("SELECT DISTINCT state FROM delivery").fetchall()
    assert {row["state"] for row in rows} <= {"confirmed", "held", "superseded"}
    for record, person in world.people.items():
        known = instances.participant(tx, record)
        assert (known is not None) is person.is_present
        if known is not None:
            assert {name: said.word for name, said in known.consents.items()} == world.words(record)
    fresh = Database(world.folder / "fresh.sqlite")
    world.ingest(database=fresh)
    assert live(world.database) == live(fresh)
    fresh.close()


def live(database: Database) -> dict[tuple[str, str], Resource]:
    """What holds, by name; without what tells of a change, or of a withdrawal recorded here."""
    return {
        (version.type, version.id): bare(json.loads(version.text))
        for version in newest(database)
        if not version.is_retracted
        and version.type not in {"Provenance", "Consent", "ResearchSubject"}
    }
