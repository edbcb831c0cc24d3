"""What is owed after a consent changed, whatever had left by then and whatever was on its way."""

from __future__ import annotations

from dataclasses import replace

from adapter.ingest.participation import withdraw
from adapter.release import Receiver
from adapter.store import claiming, deliveries, settling, standing, versions
from adapter.store.deliveries import Delivery, Settlement
from adapter.store.states import State
from tests.unit.ingest.project import (
    CLINIC,
    EVERYTHING,
    NOW,
    RECEIVERS,
    REPOSITORY,
    Bench,
    Cells,
    incident,
    mood,
    person,
)

WITHDRAWN = {"stop_share": "1", "stop_date": "2024-03-10"}
RETRACTIONS = {"retract QuestionnaireResponse": 1, "retract Observation": 3}


def answered(*answers: str, **cells: str) -> Cells:
    return {**person("1", **cells), **mood(*(answers or ("1", "2", "0")))}


def claim(bench: Bench) -> list[Delivery]:
    with bench.database.write() as tx:
        return claiming.claim(tx, CLINIC, claiming.Room(50), NOW)


def settle(bench: Bench, claimed: list[Delivery], state: State) -> None:
    with bench.database.write() as tx:
        settlements = [Settlement(each.seq, state, "consent", "because") for each in claimed]
        settling.settle(tx, settlements, NOW)


def queued(bench: Bench, resource_type: str = "Observation") -> set[tuple[str, int]]:
    """What of a type is owed to the clinic, as action and version."""
    listed = deliveries.in_state(bench.database.read(), CLINIC, "queued", 1000)
    return {(each.action, each.version) for each in listed if each.type == resource_type}


def test_what_was_never_sent_is_not_retracted_when_a_consent_is_withdrawn(bench: Bench) -> None:
    bench.ingest(answered())

    bench.ingest(answered(**WITHDRAWN))

    assert not any(word.startswith("retract") for word in bench.owed(CLINIC))


def test_a_withdrawal_retracts_once_however_often_it_is_read(bench: Bench) -> None:
    bench.ingest(answered())
    bench.deliver(CLINIC)
    bench.ingest(answered(**WITHDRAWN))

    bench.ingest(answered(**{**WITHDRAWN, "stop_date": "2024-03-11"}))

    assert bench.owed(CLINIC) == RETRACTIONS


def test_a_withdrawal_retracts_the_version_that_the_clinic_has_and_tells_it_no_newer_one(
    bench: Bench,
) -> None:
    bench.ingest(answered("1", "2", "0"))
    bench.deliver(CLINIC)
    bench.ingest(answered("3", "3", "3"))
    amended = queued(bench)

    bench.ingest(answered("3", "3", "3", **WITHDRAWN))

    assert amended == {("put", 2)}
    assert queued(bench) == {("retract", 1)}
    assert queued(bench, "QuestionnaireResponse") == {("retract", 1)}


def test_a_withdrawal_while_an_amendment_was_refused_retracts_what_is_there(bench: Bench) -> None:
    bench.ingest(answered("1", "2", "0"))
    bench.deliver(CLINIC)
    bench.ingest(answered("3", "3", "3"))
    bench.deliver(CLINIC, "refused")

    bench.ingest(answered("3", "3", "3", **WITHDRAWN))

    assert bench.owed(CLINIC) == RETRACTIONS


def test_a_withdrawal_while_answers_are_on_their_way_retracts_what_may_arrive(
    bench: Bench,
) -> None:
    bench.ingest(answered("1", "2", "0"))
    bench.deliver(CLINIC)
    bench.ingest(answered("3", "3", "3"))
    claim(bench)

    bench.ingest(answered("3", "3", "3", **WITHDRAWN))

    assert queued(bench, "QuestionnaireResponse") == {("retract", 2)}
    assert queued(bench) == {("retract", 2), ("retract", 1)}  # the panel was not amended


def test_answers_amended_after_a_withdrawal_do_not_replace_the_retraction(bench: Bench) -> None:
    bench.ingest(answered("1", "2", "0"))
    bench.deliver(CLINIC)

    bench.ingest(answered("3", "3", "3", **WITHDRAWN))

    assert queued(bench) == {("retract", 1)}


def test_answers_that_are_new_after_a_withdrawal_wait_for_the_gate(bench: Bench) -> None:
    bench.ingest(person("1", **WITHDRAWN))

    bench.ingest(answered(**WITHDRAWN))

    assert bench.owed(CLINIC)["put Observation"] == 3


def test_a_consent_given_again_owes_again_what_was_retracted(bench: Bench) -> None:
    bench.ingest(answered())
    bench.deliver(CLINIC)
    bench.ingest(answered(**WITHDRAWN))
    bench.deliver(CLINIC)

    bench.ingest(answered())

    assert queued(bench) == {("put", 1)}
    assert queued(bench, "QuestionnaireResponse") == {("put", 1)}


def test_a_consent_given_again_owes_the_answers_as_they_are_by_then(bench: Bench) -> None:
    bench.ingest(answered("1", "2", "0"))
    bench.deliver(CLINIC)
    bench.ingest(answered("3", "3", "3", **WITHDRAWN))
    bench.deliver(CLINIC)

    bench.ingest(answered("3", "3", "3"))

    assert queued(bench, "QuestionnaireResponse") == {("put", 2)}


def test_a_consent_given_again_before_a_push_takes_the_retraction_back(bench: Bench) -> None:
    bench.ingest(answered())
    bench.deliver(CLINIC)
    bench.ingest(answered(**WITHDRAWN))

    bench.ingest(answered())

    assert bench.owed(CLINIC) == {}
    held = standing.settled(bench.database.read(), CLINIC)
    assert held == {
        ("QuestionnaireResponse", "put"): 1,
        ("Observation", "put"): 3,
        ("Provenance", "put"): 1,
    }


def test_a_consent_given_again_before_a_push_owes_what_was_amended_meanwhile(
    bench: Bench,
) -> None:
    bench.ingest(answered("1", "2", "0"))
    bench.deliver(CLINIC)
    bench.ingest(answered("3", "3", "3", **WITHDRAWN))

    bench.ingest(answered("3", "3", "3"))

    assert queued(bench) == {("put", 2)}


def test_a_consent_given_again_while_the_retraction_is_on_its_way_owes_it_again(
    bench: Bench,
) -> None:
    bench.ingest(answered())
    bench.deliver(CLINIC)
    bench.ingest(answered(**WITHDRAWN))
    claim(bench)

    bench.ingest(answered())

    assert queued(bench) == {("put", 1)}


def test_a_retraction_of_what_never_arrived_is_not_sent_and_the_rest_is_owed_again(
    bench: Bench,
) -> None:
    bench.ingest(answered())
    on_its_way = claim(bench)
    bench.ingest(answered(**WITHDRAWN))

    settle(bench, on_its_way, "queued")
    after_look = bench.owed(CLINIC)
    bench.ingest(answered())

    assert after_look == {}  # nor the Provenance, which would name what is not there
    assert queued(bench) == {("put", 1)}


def test_answers_are_owed_only_for_types_that_a_receiver_takes(bench: Bench) -> None:
    bench.ingest(answered())
    bench.deliver(CLINIC)
    bench.ingest(answered(**WITHDRAWN))

    bench.ingest(answered())

    kinds = {
        row["type"]
        for row in bench.database.read().execute(
            "SELECT DISTINCT type FROM delivery WHERE clinic = ?", (CLINIC,)
        )
    }
    assert kinds == {"QuestionnaireResponse", "Observation", "Provenance"}


def test_a_withdrawal_takes_the_proof_along_only_where_an_event_is_deleted(bench: Bench) -> None:
    bench.ingest(answered(), incident("1", "1"))
    bench.deliver(CLINIC)

    bench.ingest(answered(**WITHDRAWN), incident("1", "1"))

    assert bench.owed(CLINIC) == {**RETRACTIONS, "retract AdverseEvent": 1, "retract Provenance": 1}


def test_a_withdrawal_that_keeps_what_was_sent_retracts_nothing(bench: Bench) -> None:
    bench.ingest(answered())
    bench.deliver(REPOSITORY)

    bench.ingest(answered(stop_research="1", stop_date="2024-03-10"))

    assert bench.owed(REPOSITORY) == {"put Consent": 1, "put ResearchSubject": 1}


def test_a_record_deleted_after_a_withdrawal_is_retracted_once(bench: Bench) -> None:
    bench.ingest(answered(), person("2"))
    bench.deliver(CLINIC)
    bench.ingest(answered(**WITHDRAWN), person("2"))

    bench.ingest(person("2"), missing_limit=1)

    assert bench.owed(CLINIC) == RETRACTIONS


def test_a_record_deleted_while_it_is_on_its_way_is_retracted(bench: Bench) -> None:
    bench.ingest(answered(), person("2"))
    claim(bench)

    bench.ingest(person("2"), missing_limit=1)

    assert bench.owed(CLINIC) == RETRACTIONS


def test_a_record_deleted_before_it_left_is_not_sent_at_all(bench: Bench) -> None:
    bench.ingest(answered(), person("2"))

    bench.ingest(person("2"), missing_limit=1)

    assert bench.owed(CLINIC) == {}


def test_a_record_restored_after_a_withdrawal_stays_away(bench: Bench) -> None:
    bench.ingest(answered(), person("2"))
    bench.deliver(CLINIC)
    bench.ingest(answered(**WITHDRAWN), person("2"))
    bench.deliver(CLINIC)
    bench.ingest(person("2"), missing_limit=1)

    bench.ingest(answered(**WITHDRAWN), person("2"), missing_limit=1)

    assert queued(bench) == set()
    newest = versions.of_type(bench.database.read(), "Observation")
    assert {each.is_retracted for each in newest} == {False}


def test_a_version_that_was_held_is_replaced_by_a_newer_one(bench: Bench) -> None:
    bench.ingest(answered("1", "2", "0"))
    settle(bench, claim(bench), "held")

    bench.ingest(answered("1", "3", "0"))

    assert queued(bench) == {("put", 2)}
    states = standing.count_states(bench.database.read(), CLINIC)
    assert states["superseded"] == 2


def with_receivers(bench: Bench, *receivers: Receiver) -> Bench:
    return replace(bench, trial=replace(bench.trial, receivers=receivers))


def receiver(name: str, *types: str) -> Receiver:
    return Receiver(name, "research", frozenset(types))


def test_a_receiver_that_is_new_is_owed_what_the_ledger_holds(bench: Bench) -> None:
    bench.ingest(answered(), person("2"))
    newcomer = receiver("newcomer", "Patient", "Observation")

    with_receivers(bench, *RECEIVERS, newcomer).ingest(answered(), person("2"))

    assert bench.owed("newcomer") == {"put Patient": 2, "put Observation": 3}


def test_a_receiver_that_is_known_is_not_owed_again(bench: Bench) -> None:
    bench.ingest(answered())
    bench.deliver(REPOSITORY)

    bench.ingest(answered())

    assert bench.owed(REPOSITORY) == {}


def test_a_receiver_that_takes_one_more_type_is_owed_that_type(bench: Bench) -> None:
    with_receivers(bench, receiver("one", "Patient")).ingest(answered())
    bench.deliver("one")

    with_receivers(bench, receiver("one", "Patient", "Observation")).ingest(answered())

    assert bench.owed("one") == {"put Observation": 3}


def test_a_receiver_that_takes_a_type_again_is_owed_what_changed_meanwhile(bench: Bench) -> None:
    all_along = receiver("one", "QuestionnaireResponse", "Patient")
    with_receivers(bench, all_along).ingest(answered("1"), {**person("2"), **mood("1")})
    bench.deliver("one")
    rows = (answered("2"), {**person("2"), **mood("1")})
    with_receivers(bench, receiver("one", "Patient")).ingest(*rows)

    with_receivers(bench, all_along).ingest(*rows)

    assert bench.owed("one") == {"put QuestionnaireResponse": 1}


def test_what_is_retracted_is_not_owed_to_a_newcomer(bench: Bench) -> None:
    bench.ingest(answered(), person("2"))
    bench.ingest(person("2"), missing_limit=1)
    newcomer = receiver("newcomer", "Patient", "Observation")

    with_receivers(bench, *RECEIVERS, newcomer).ingest(person("2"))

    assert bench.owed("newcomer") == {"put Patient": 1}


def test_a_newcomer_to_a_large_ledger_is_owed_all_of_it(bench: Bench) -> None:
    rows = [person(str(number)) for number in range(1, 602)]
    bench.ingest(*rows)

    with_receivers(bench, *RECEIVERS, receiver("newcomer", "Patient")).ingest(*rows)

    assert bench.owed("newcomer") == {"put Patient": 601}


def test_a_receiver_that_takes_a_type_no_more_still_gets_its_retractions(bench: Bench) -> None:
    narrow = Receiver(CLINIC, "care", frozenset({"QuestionnaireResponse"}))
    bench.ingest(answered(), person("2"))
    bench.deliver(CLINIC)

    with_receivers(bench, narrow).ingest(answered(**WITHDRAWN), person("2"))
    withdrawn = bench.owed(CLINIC)
    bench.deliver(CLINIC)
    with_receivers(bench, narrow).ingest(answered(), person("2"))

    assert withdrawn == RETRACTIONS
    assert bench.owed(CLINIC) == {"put QuestionnaireResponse": 1}


def test_a_record_deleted_is_retracted_where_its_type_is_taken_no_more(bench: Bench) -> None:
    narrow = Receiver(CLINIC, "care", frozenset({"QuestionnaireResponse"}))
    bench.ingest(answered(), person("2"))
    bench.deliver(CLINIC)

    with_receivers(bench, narrow).ingest(person("2"), missing_limit=1)

    assert bench.owed(CLINIC) == RETRACTIONS


def test_a_withdrawal_before_a_newcomer_was_met_owes_it_everything_in_order(
    bench: Bench,
) -> None:
    bench.ingest(answered())
    joined = with_receivers(bench, *RECEIVERS, receiver("newcomer", *EVERYTHING))

    with joined.database.write() as tx:
        withdraw(tx, joined.trial, "1", "share", NOW)

    listed = deliveries.in_state(joined.database.read(), "newcomer", "queued", 1000)
    kinds = [each.type for each in listed]
    assert kinds[:2] == ["Device", "ResearchStudy"]
    assert kinds.index("Patient") < kinds.index("Consent")
    assert kinds.count("Consent") == 2
