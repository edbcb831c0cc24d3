"""What an operator's page shows and does is what the terminal shows and does."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from lxml import html

from adapter.service import Service, open_service
from adapter.service.operating import retry_all, state_of
from adapter.service.serving import service_app
from adapter.service.viewing import invitation
from adapter.store import standing
from adapter.store.access_log import access_files, read_accesses
from adapter.store.audit import newest_first, read_lines
from adapter.store.identities import Candidate, Candidates
from tests.live.small import SmallTrial
from tests.poison import POISON
from tests.visitor import Visitor

CLINIC = "northside-clinic"
PATHS = ("deliveries", "plan", "inbox", "audit")
SETTINGS = """
[serve]
url = "http://127.0.0.1:8000"
[[serve.people]]
name = "lee"
role = "clinician"
clinic = "northside-clinic"
unblinded = true
[[serve.people]]
name = "kim"
role = "operator"
[[serve.people]]
name = "ida"
role = "operator"
unblinded = true
"""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> SmallTrial:
    """Two people whose data were read; nothing was sent."""
    folder, people = tmp_path_factory.mktemp("operated"), frozenset({"1015", "1030"})
    trial = SmallTrial(folder, "http://127.0.0.1:9/fhir", people, CLINIC, SETTINGS)
    trial.read()
    return trial


@pytest.fixture
def service(whole: SmallTrial) -> Iterator[Service]:
    with open_service(whole.config) as opened:
        yield opened


def visitor(service: Service, name: str) -> Visitor:
    someone = Visitor(service_app(service))
    code = invitation(service, name).partition("code=")[2]
    assert someone.post("/app/enter", {"code": code}).status_code == 303
    return someone


@pytest.mark.parametrize(
    "path",
    [
        "operator",
        f"operator/deliveries?clinic={CLINIC}",
        "operator/inbox",
        f"operator/inbox/response?clinic={CLINIC}&response=r1",
        "operator/audit",
        "operator/acts/retry",
    ],
)
def test_who_is_no_operator_finds_nothing(service: Service, path: str) -> None:
    someone = visitor(service, "lee")

    assert someone.get(f"/app/{path}").status_code == 404
    assert "/operator" not in someone.get("/app/").text


def test_an_operator_who_is_blinded_is_told_so_and_sees_nothing_of_sessions(
    service: Service,
) -> None:
    someone = visitor(service, "kim")

    pages = [someone.get(f"/app/operator/{path}?clinic={CLINIC}").text for path in PATHS]

    assert "You must not know who got the therapy" in someone.get("/app/operator").text
    assert "queued" in pages[0]
    assert not any("session-attendance" in page for page in pages)


def test_the_overview_counts_what_the_terminal_counts(service: Service) -> None:
    page = visitor(service, "ida").get("/app/operator").text
    said = state_of(service, CLINIC)

    assert said["queued"] > 10
    assert f">{said['queued']} queued<" in page
    assert "Oldest undelivered: <strong>0 seconds" not in page


def test_pages_of_deliveries_give_each_once_in_the_order_in_which_they_are_owed(
    service: Service,
) -> None:
    someone, seen = visitor(service, "ida"), list[str]()
    place = f"/app/operator/deliveries?clinic={CLINIC}&state=queued"

    while place:
        tree = html.fromstring(someone.get(place).text)
        seen += [str(row[1].text) for row in tree.iter("tr") if row[0].tag == "td"]
        more = [each.get("href") for each in tree.iter("a") if each.text == "Next page"]
        place = more[0] or "" if more else ""

    owed = standing.owed(service.database.read(), CLINIC, "queued", "", 0, 10_000)
    assert len(owed) > 50
    assert seen == [f"{each.type}/{each.id}/{each.version}" for each in owed]


def test_deliveries_are_found_by_record(service: Service) -> None:
    page = visitor(service, "ida").get(f"/app/operator/deliveries?clinic={CLINIC}&record=1030").text

    rows = [row for row in html.fromstring(page).iter("tr") if row[0].tag == "td"]
    assert rows
    assert {row[0].text for row in rows} == {"1030"}


def test_the_plan_is_that_of_the_terminal(service: Service, whole: SmallTrial) -> None:
    planned = whole.clinic("plan")

    page = visitor(service, "ida").get(f"/app/operator/plan?clinic={CLINIC}").text

    rows = [[cell.text or "" for cell in row] for row in html.fromstring(page).iter("tr")][1:]
    counted = {
        word: sum(int(row[3]) for row in rows if row[0] == word) for word in ("create", "held")
    }
    assert counted == {"create": planned["create"], "held": planned["held"]}
    assert planned["held"] > 0


@pytest.mark.parametrize(
    ("act", "form", "told"),
    [
        ("retry", {"clinic": CLINIC}, "Queued again: 0"),
        ("withdraw", {"record": "1015", "consent": "CONSENT"}, "withdrawal is recorded"),
        ("link", {"clinic": CLINIC, "record": "1015", "patient": "p-9"}, "is linked"),
    ],
)
def test_an_act_is_done_when_it_is_confirmed_and_stands_in_the_log_with_who_did_it(
    service: Service, act: str, form: dict[str, str], told: str
) -> None:
    someone = visitor(service, "ida")
    consent = service.trial.study.consents[-1].id
    said = {name: word.replace("CONSENT", consent) for name, word in form.items()}
    before = len(list(read_lines(service.audit.path)))

    asked = someone.get(
        f"/app/operator/acts/{act}?" + "&".join(f"{k}={v}" for k, v in said.items())
    )
    assert asked.status_code == 200
    assert len(list(read_lines(service.audit.path))) == before
    done = someone.post(
        f"/app/operator/acts/{act}", {**said, "token": someone.token("/app/operator")}
    )

    assert told in done.text
    line = next(newest_first(service.audit.path))
    assert (line.act.rule, line.act.record) == ("ida", said.get("record", ""))
    accesses = [
        access for path in access_files(service.audit.path) for _, access in read_accesses(path)
    ]
    assert (accesses[-1].interaction, accesses[-1].person) == (f"operator-{act}", "ida")


def test_a_candidate_is_confirmed_and_nobody_else(service: Service) -> None:
    service.crosswalk.propose(Candidates(CLINIC, "1030", "2024", (Candidate("p-1"),)))
    someone = visitor(service, "ida")
    form = {"clinic": CLINIC, "record": "1030", "token": someone.token("/app/operator")}

    refused = someone.post("/app/operator/acts/confirm", {**form, "patient": "p-2"})
    assert (refused.status_code, service.crosswalk.linked(CLINIC, "1030")) == (409, None)
    someone.post("/app/operator/acts/confirm", {**form, "patient": "p-1"})
    assert service.crosswalk.linked(CLINIC, "1030") == "p-1"


def test_who_is_it_although_the_identifiers_differ_is_an_act_of_its_own(service: Service) -> None:
    someone = visitor(service, "ida")
    form = {"clinic": CLINIC, "record": "1015", "patient": "p-15"}
    overview = someone.get("/app/operator").text

    told = {}
    for act in ("link", "although-different"):
        said = {**form, "token": someone.token("/app/operator")}
        someone.post(f"/app/operator/acts/{act}", said)
        told[act] = service.crosswalk.is_although_different(CLINIC, "1015")

    assert 'formaction="/app/operator/acts/although-different"' in overview
    assert told == {"link": False, "although-different": True}
    line = next(newest_first(service.audit.path))
    assert (line.act.action, line.act.rule) == ("link", "although-different ida")


def test_an_act_that_another_site_sends_does_nothing(service: Service) -> None:
    someone = visitor(service, "ida")
    before = len(list(read_lines(service.audit.path)))

    assert someone.post("/app/operator/acts/retry", {"clinic": CLINIC}).status_code == 403
    assert len(list(read_lines(service.audit.path))) == before


def test_the_log_is_shown_the_newest_first_page_by_page_and_checked(service: Service) -> None:
    someone = visitor(service, "ida")
    for clinic in [service.clinics[0]] * 2:
        retry_all(service, clinic, "ida")
    lines = [each.number for each in read_lines(service.audit.path)]

    page = someone.get("/app/operator/audit?verify=1").text
    older = someone.get(f"/app/operator/audit?after={lines[-1]}").text

    assert f"All {len(lines)} lines fit" in page
    assert re.findall(r"<td>(\d+)</td>", page)[0] == str(lines[-1])
    assert re.findall(r"<td>(\d+)</td>", older)[0] == str(lines[-2])


@pytest.mark.parametrize("name", ["clinic", "record", "patient"])
def test_markup_in_what_is_asked_for_is_inert(service: Service, name: str) -> None:
    someone = visitor(service, "ida")

    for path in ("deliveries", "plan", "acts/link"):
        page = someone.get(f"/app/operator/{path}?{name}={POISON}").text
        assert "<script" not in page
        assert "<img" not in page
