"""Every act and access of the logs is an AuditEvent that HAPI's validator finds no error in."""

from __future__ import annotations

from dataclasses import asdict

import orjson

from adapter.fhir.audit_event import build_access_event, build_audit_event, build_unblinding
from adapter.fhir.identity import Identity
from adapter.store.access_log import Access
from adapter.store.audit import Act
from tests.live.servers import Validator
from tests.unit.ingest.project import KEY, study

NOW = "2024-03-20T22:30:00+00:00"
ACTS = (
    Act(NOW, "released", "north", "1", "Observation/a/1", "released"),
    Act(NOW, "held", "north", "1", "Observation/b/1", "consent-refused"),
    Act(NOW, "withdraw", record="1", what="share"),
    Act(NOW, "link", "north", "1"),
    Act(NOW, "retry", "north"),
    Act(NOW, "acknowledge", "north", "1", "Flag/a/1", "an-operator"),
    Act(NOW, "export", rule="research"),
    Act(NOW, "unblind", "north", "1", rule="emergency"),
)
ACCESSES = (
    Access(NOW, "r1", "fhir", "read", "an-ehr", 200, "", "Patient", "p1", ("1",), 1),
    Access(NOW, "r2", "fhir", "search-type", "an-ehr", 200, "", "Observation", "", ("1", "2"), 9),
    Access(NOW, "r3", "pages", "page", "", 200, "a-clinician", "", "", ("1",), 3),
    Access(NOW, "r4", "elsewhere", "", "", 404),
    Access(NOW, "r5", "fhir", "transaction", "an-ehr", 500),
)


def test_no_act_gives_an_invalid_resource(validator: Validator) -> None:
    identity = Identity(study(), KEY)
    built = [
        build_audit_event(identity, f"{number}", asdict(act), identity.patient(act.record))
        for number, act in enumerate(ACTS)
    ]
    built.append(build_unblinding(identity, asdict(ACTS[-1])))
    built += [
        build_access_event(identity, f"1-{number}", asdict(each), map(identity.patient, each.about))
        for number, each in enumerate(ACCESSES)
    ]

    issues = [each for said in validator.validate_all(map(orjson.dumps, built)) for each in said]

    assert [issue for issue in issues if issue.is_error] == []
