"""The paper's differences are found on a real FHIR server, and nothing there tells the arm."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator

import httpx
import pytest

from adapter.fhir.text import read_text
from adapter.store import versions
from tests.live.cohort import Delivered
from tests.live.published import published
from tests.live.published_differences import (
    BEGIN,
    END,
    OUTCOMES,
    PAGE,
    README,
    STUDY_NUMBER,
    Finding,
    Outcome,
    Published,
    Resource,
    build_table,
    find_differences,
    read_all,
    read_arms,
    read_block,
)

PUBLISHED = [
    pytest.param(outcome, week, said, id=f"{outcome.code}-week-{week}")
    for outcome in OUTCOMES
    for week, said in outcome.published.items()
]
TOLD_APART = 10  # people of one arm: so many share something by chance, or it tells the arm
WORDS = re.compile(
    # That a copy conceals the arm says its label, on every copy of a kind alike.
    r"intervention|control|allocat|randomi[sz]|placebo|usual.care|\barm\b(?!-concealed)|attend|session",
    re.IGNORECASE,
)
WITHDRAWN = "1057"


@pytest.fixture(scope="module")
def differences(delivered: Delivered) -> dict[tuple[str, int], Finding]:
    """What the server's Observations say of the arms."""
    return find_differences(delivered.base_url)


@pytest.fixture(scope="module")
def everything(delivered: Delivered) -> list[Resource]:
    """Every version of every resource that the server ever held, of whatever type."""
    with httpx.Client(base_url=delivered.base_url, timeout=60) as client:
        return list(read_all(client, f"_history?_count={PAGE}"))


@pytest.mark.parametrize(("outcome", "week", "said"), PUBLISHED)
def test_the_difference_on_the_server_is_the_published_one(
    differences: dict[tuple[str, int], Finding], outcome: Outcome, week: int, said: Published
) -> None:
    found = differences[outcome.code, week]

    if said.difference is not None:
        assert found.difference == pytest.approx(said.difference, abs=said.tolerance)
    if said.interval is not None:
        assert found.interval == pytest.approx(said.interval, abs=2 * said.tolerance)
    if re.fullmatch(r"\.\d+", said.p):
        assert round(found.p, len(said.p) - 1) == float(said.p)
    elif said.p:
        assert found.p < float(said.p.removeprefix("< "))
    if said.words:
        assert (found.p < 0.05) == (said.words == "significant, moderate")
    if said.words == "significant, moderate":
        assert 0.4 <= abs(found.size) <= 0.8


def test_the_readme_shows_what_is_found(differences: dict[tuple[str, int], Finding]) -> None:
    block = read_block(README.read_text("utf-8"))
    if block is None:
        pytest.skip(f"README.md has no lines {BEGIN} and {END}")

    table = build_table(differences)

    assert block == table, (
        "The README does not show what the server says. If the change is meant, run: "
        "python tests/live/published_differences.py --write"
    )


def test_nothing_on_the_server_names_the_arms_or_a_session(everything: list[Resource]) -> None:
    found = Counter(
        (resource["resourceType"], told[0])
        for resource in everything
        for told in WORDS.finditer(text_of(resource))
    )

    assert found == {}


def test_nothing_on_the_server_stands_with_the_people_of_one_arm_alone(
    everything: list[Resource],
) -> None:
    numbers = {
        identifier["value"]: f"Patient/{resource['id']}"
        for resource in everything
        if resource["resourceType"] == "Patient"
        for identifier in resource["identifier"]
        if identifier["system"] == STUDY_NUMBER
    }
    arm_of = {numbers[number]: arm for number, arm in read_arms().items() if number in numbers}
    owners = dict(owners_of(everything))

    people = defaultdict(set)
    for resource in everything:
        if owner := owners.get(name_of(resource)):
            for leaf in leaves_of(without_marks(resource), resource["resourceType"]):
                people[leaf].add(owner)

    told_by = {
        leaf: len(who)
        for leaf, who in people.items()
        if len(who) >= TOLD_APART and len({arm_of[person] for person in who}) == 1
    }
    assert set(owners.values()) == set(arm_of)
    assert told_by == {}


def test_nobody_who_withdrew_is_on_the_server(
    everything: list[Resource], delivered: Delivered
) -> None:
    service = delivered.service
    theirs = {
        f"{version.type}/{version.id}"
        for version in versions.of_participant(service.database.read(), WITHDRAWN)
    }

    texts = [text_of(resource) for resource in everything]

    assert len(theirs) > 10
    assert theirs.isdisjoint(map(name_of, everything))
    assert not [text for text in texts if service.trial.identity.patient(WITHDRAWN) in text]
    assert not [text for text in texts if re.search(rf'"{WITHDRAWN}["/]', text)]


def test_the_server_holds_as_many_of_each_type_as_the_ledger_says_were_accepted(
    everything: list[Resource], delivered: Delivered
) -> None:
    rows = delivered.service.database.read().execute(
        "SELECT state, type, count(*) AS n FROM delivery GROUP BY state, type"
    )
    said: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        said[row["state"]][row["type"]] = row["n"]

    held = Counter(resource["resourceType"] for resource in everything)

    assert said.keys() == {"accepted", "held"}
    assert held == said["accepted"]
    assert {resource["meta"]["versionId"] for resource in everything} == {"1"}


def test_the_server_says_what_the_ledger_wrote_and_the_blinded_may_have(
    everything: list[Resource], delivered: Delivered
) -> None:
    tx = delivered.service.database.read()
    newest = (each for kind in versions.types(tx) for each in versions.of_type(tx, kind))
    told = (read_text(published(delivered.service, version)) for version in newest)
    written = {name_of(resource): resource for resource in told}

    changed = []
    for resource in everything:
        said = written.get(name_of(resource), {})
        if text_of(without_marks(resource)) != text_of(without_marks(said)):
            changed.append(name_of(resource))

    assert changed == []


def name_of(resource: Resource) -> str:
    return f"{resource['resourceType']}/{resource['id']}"


def text_of(resource: Resource) -> str:
    """A resource in one order of its elements; decimals keep their places."""
    return json.dumps(resource, sort_keys=True, default=str)


def owners_of(resources: list[Resource]) -> Iterator[tuple[str, str]]:
    """Whose each resource is, by reference; what belongs to nobody is left out."""
    named = {}
    for resource in resources:
        if resource["resourceType"] == "Patient":
            yield name_of(resource), name_of(resource)
        for element in ("subject", "individual", "patient"):
            if element in resource:
                named[name_of(resource)] = resource[element]["reference"]
    yield from named.items()
    for resource in resources:
        if resource["resourceType"] == "Provenance":
            yield name_of(resource), named[resource["target"][0]["reference"]]


def leaves_of(node: object, path: str) -> Iterator[tuple[str, object]]:
    """Every value with its path, places in lists left out; and every path itself."""
    yield path, None
    if isinstance(node, dict):
        for name, child in node.items():
            yield from leaves_of(child, f"{path}.{name}")
    elif isinstance(node, list):
        for child in node:
            yield from leaves_of(child, path)
    else:
        yield path, node


def without_marks(resource: Resource) -> Resource:
    """A resource without what every server sets itself."""
    own = {"versionId", "lastUpdated", "source"}
    meta = {name: value for name, value in resource.get("meta", {}).items() if name not in own}
    return {**resource, "meta": meta}
