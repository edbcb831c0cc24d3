"""What a record system has of its own, and what it remembers."""

from __future__ import annotations

import resource
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from adapter.errors import ResourceError, SourceError
from adapter.fhir.operation_outcome import RefusalError
from adapter.fhir.r4 import NotR4Error, check_resource
from adapter.simulate.full import check_r4
from tests.unit.fhir.faults import FAULTS
from tests.unit.simulate.clinic import (
    NEVER,
    Clinic,
    Resource,
    entry,
    expressions,
    observation,
    patient,
    refusal,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# Writes transactions of three, telling each one it was acknowledged, until it is killed.
WRITER = """
import sys
from pathlib import Path
from tests.unit.simulate.clinic import Clinic, entry, patient
clinic = Clinic(journal=Path(sys.argv[1]), check=None)
for number in range(10_000):
    ids = (f"p{number}{letter}" for letter in "abc")
    answer = clinic.transact(*(entry("PUT", f"Patient/{id_}", patient(id_)) for id_ in ids))
    print(number, answer.status_code, flush=True)
"""


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "clinic.ndjson"


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(b"{", id="no JSON"),
        pytest.param(b"3", id="of another kind"),
        pytest.param(b"{}", id="of another shape"),
        pytest.param(b"[3]", id="of other things"),
        pytest.param(b'[{"method":"PUT"}]', id="without content"),
        pytest.param(
            b'[{"method":"PUT","resource":{"resourceType":"Patient","id":"p","meta":{"versionId":'
            b'"1","lastUpdated":"2026"},"link":[{"other":{"reference":"?"}}]}}]',
            id="with content that was never taken",
        ),
    ],
)
def test_a_journal_with_a_damaged_line_is_refused_by_its_place(journal: Path, line: bytes) -> None:
    opened = Clinic(journal=journal)
    opened.put(patient("p1"))
    journal.write_bytes(journal.read_bytes() + line + b"\n")

    with pytest.raises(SourceError, match=r"clinic\.ndjson:2: expected one interaction"):
        Clinic(journal=journal)


def test_a_seed_that_is_not_taken_seeds_nothing(clinic: Clinic) -> None:
    with pytest.raises(RefusalError):
        clinic.system.seed([patient("p1"), patient("p2", nick="x")])
    with pytest.raises(RefusalError):
        clinic.system.seed([patient("p1"), observation("o1", "Patient/nobody")])
    with pytest.raises(RefusalError):
        clinic.system.seed([patient("p1"), patient()])

    assert clinic.ids("Patient") == []


def test_a_check_of_another_kind_is_told_as_well() -> None:
    def find(_: Resource) -> None:
        raise ResourceError("invalid", ("Patient.gender: no code of the value set", "all of it"))

    answer = Clinic(check=find).put(patient("p1", gender="x"))

    assert refusal(answer) == (400, ["structure", "structure"])
    assert expressions(answer) == ["Patient.gender"]
    assert answer.json()["issue"][1]["diagnostics"] == "all of it"


def test_a_seed_puts_what_is_missing_and_leaves_what_is_there(clinic: Clinic) -> None:
    clinic.system.seed([observation("o1", "Patient/77"), patient("77", "1")])
    clinic.put(patient("77", "1", active=True))

    clinic.system.seed([patient("77", "1"), patient("78", "2")])

    assert clinic.ids("Patient") == ["77", "78"]
    assert clinic.get("Patient/77").json()["active"] is True


def test_a_record_system_remembers_every_version_across_a_restart(journal: Path) -> None:
    first = Clinic(journal=journal)
    text = '{"resourceType":"Observation","id":"o1","status":"final","code":{"text":"x"},'
    first.ask("PUT", "Observation/o1", text + '"valueQuantity":{"value":1.50}}')
    first.transact(
        entry("POST", "Patient", patient(None, "1"), NEVER),
        entry("PUT", "Observation/o2", observation("o2", NEVER)),
    )
    first.put(patient("p1"))
    first.delete("Patient/p1")
    first.put(patient("1000", "1"))
    paths = (
        "Observation?_count=9",
        "Observation/o1",
        "Observation/o2/_history",
        "Patient/p1",
        "Patient/p1/_history",
        "Patient?identifier=1",
    )
    told = [first.get(path).text for path in paths]

    second = Clinic(journal=journal)

    assert [second.get(path).text for path in paths] == told
    assert '"value":1.50' in told[1]
    assert refusal(second.delete("Patient/1000")) == (409, ["conflict"])
    assert second.post(patient()).json()["id"] == "1001"


def test_an_interaction_is_one_line_and_one_that_writes_nothing_is_none(journal: Path) -> None:
    clinic = Clinic(journal=journal)
    pair = [entry("PUT", f"Patient/{id_}", patient(id_)) for id_ in ("p1", "p2")]

    clinic.transact(*pair)
    clinic.transact(*pair)
    clinic.put(patient("p1"))
    clinic.put(patient("p3", nick="x"))

    assert journal.read_bytes().count(b"\n") == 1


@pytest.mark.parametrize("kept", [0.0, 0.5, 0.99])
def test_a_torn_last_line_is_dropped_whole(journal: Path, kept: float) -> None:
    clinic = Clinic(journal=journal)
    clinic.put(patient("p1"))
    before = journal.read_bytes()
    clinic.transact(*(entry("PUT", f"Patient/{id_}", patient(id_)) for id_ in ("p2", "p3")))
    line = journal.read_bytes()[len(before) :]
    journal.write_bytes(before + line[: int(len(line) * kept)])

    second = Clinic(journal=journal)
    ids = second.ids("Patient")
    second.put(patient("p4"))
    third = Clinic(journal=journal)

    assert ids == ["p1"]
    assert third.ids("Patient") == ["p1", "p4"]


def test_a_kill_loses_nothing_acknowledged_and_leaves_no_half_transaction(journal: Path) -> None:
    command = [sys.executable, "-c", WRITER, str(journal)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        acknowledged = [writer.stdout.readline() for _ in range(20)]
        writer.kill()
        acknowledged += writer.stdout.readlines()

    clinic = Clinic(journal=journal)
    total = clinic.get("Patient?_summary=count").json()["total"]

    assert all(line.endswith(" 200\n") for line in acknowledged)
    assert total >= 3 * len(acknowledged)
    assert total % 3 == 0


def test_a_journal_needs_its_folder(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Clinic(journal=tmp_path / "nowhere" / "clinic.ndjson")


def test_what_could_not_be_written_down_did_not_happen(journal: Path) -> None:
    clinic = Clinic(journal=journal)
    clinic.put(patient("p1"))
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)

    resource.setrlimit(resource.RLIMIT_FSIZE, (journal.stat().st_size + 50, limit[1]))
    try:
        answer = clinic.put(patient("p2"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    torn = journal.stat().st_size
    clinic.put(patient("p3"))

    again = Clinic(journal=journal)
    assert refusal(answer) == (500, ["exception"])
    assert torn > len(journal.read_bytes().splitlines(keepends=True)[0])
    assert again.ids("Patient") == ["p1", "p3"]


def test_a_journal_that_was_taken_away_is_missed(journal: Path) -> None:
    clinic = Clinic(journal=journal)
    journal.unlink()

    answer = clinic.put(patient("p1"))

    assert refusal(answer) == (500, ["exception"])
    assert clinic.ids("Patient") == []


def test_whatever_the_typed_models_refuse_is_refused() -> None:
    refused = [(name, each) for name, each in FAULTS if _is_refused(check_resource, each)]

    assert len(refused) > len(FAULTS) / 3
    assert [name for name, each in refused if not _is_refused(check_r4, each)] == []


def test_a_type_that_is_no_name_is_refused() -> None:
    assert _is_refused(check_r4, {"resourceType": ["Observation"]})


def _is_refused(check: Callable[[Resource], None], content: Resource) -> bool:
    try:
        check(content)
    except NotR4Error:
        return True
    return False
