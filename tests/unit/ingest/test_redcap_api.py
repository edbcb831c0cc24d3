"""A project behind REDCap's API is read into the ledger, whole once and then by its changes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapter.errors import Problem, SourceError
from adapter.ingest import Ledger, Report, Snapshot, Trial
from adapter.ingest.run import ingest
from adapter.service.access import Access, GoesOn
from adapter.service.redcap_api import read_project
from adapter.settings import RedcapApiSettings
from adapter.simulate.redcap import FaultName, Place, RedcapProject
from adapter.sources.redcap import RecordsFile, read_dictionary
from adapter.store.cursors import Cursor, cursor
from adapter.store.database import Database
from adapter.store.identities import Crosswalk
from tests.keys import CROSSWALK_KEYS
from tests.unit.ingest.project import NOW, WEEK_0, WEEK_4, Bench, incident, mood, pain, person
from tests.unit.ingest.test_killed import TABLES, KilledError, MortalDatabase
from tests.unit.ingest.test_second_export import AS_OF, CASE, trial
from tests.unit.simulate.redcap.server import idbt_server
from tests.unit.sources.redcap_api.wire import URL, Wire, small_wire

MOMENT = datetime(2024, 3, 20, 22, 30, tzinfo=UTC)
NAME = "redcap.example.org, project 42"
PEOPLE = tuple(str(number) for number in range(1, 8))
Contents = dict[str, list[tuple[Any, ...]]]


@dataclass
class Site:
    """A ledger, and the wire to the project that is read into it."""

    bench: Bench
    wire: Wire
    moment: datetime = MOMENT

    def read(self, *, is_full: bool = False, limit: int | None = 2, **said: Any) -> Report:  # noqa: ANN401 - settings
        """One ingest, from where the last whole one ended."""
        with ExitStack() as stack:
            return self.bench.read(self.snapshot(stack, is_full=is_full, limit=limit, **said))

    def snapshot(
        self,
        stack: ExitStack,
        *,
        is_full: bool,
        limit: int | None,
        **said: Any,  # noqa: ANN401 - settings
    ) -> Snapshot:
        settings = RedcapApiSettings(
            kind="redcap-api", url=URL, token_file=Path("no"), missing_limit=limit, **said
        )
        goes_on = GoesOn(self.bench.database.read(), self.bench.trial.basis)
        access = Access(self.moment, {}, stack, goes_on, is_full)
        return read_project(self.wire.connection, settings, self.bench.trial.study, access)

    def wait(self, **so_long: float) -> None:
        """Time passes, here and at the server."""
        self.moment += timedelta(**so_long)
        self.wire.server.wall.wait(**so_long)

    @property
    def project(self) -> RedcapProject:
        return self.wire.server.project

    @property
    def cursor(self) -> Cursor | None:
        return cursor(self.bench.database.read(), NAME)

    def statuses(self) -> set[str]:
        """Whose responses are in which state, as `participant status`."""
        return {
            f"{resource['subject']['identifier']['value']} {resource['status']}"
            for resource in self.bench.resources("QuestionnaireResponse")
        }

    def retracted(self) -> set[str]:
        """The people of whom anything is retracted."""
        rows = self.bench.database.read().execute(
            "SELECT DISTINCT participant FROM version WHERE is_retracted = 1"
        )
        return {row["participant"] for row in rows}


@pytest.fixture
def site(bench: Bench) -> Site:
    rows = [{**person(name), **mood("1", "2", "0"), **pain("3", "4")} for name in PEOPLE]
    made = Site(bench, small_wire([*rows, incident("7", "1")]))
    made.wait(days=2)
    return made


def contents(database: Database) -> Contents:
    """Everything in the ledger but which run it was, in no order."""
    return {
        table: sorted(
            tuple(row)
            for row in database.read().execute(f"SELECT {names} FROM {table}")  # noqa: S608 - ours
        )
        for table, names in TABLES.items()
    }


def problems(site: Site, report: Report) -> list[Problem]:
    return site.bench.problems(report)


def test_a_first_reading_takes_everything_in_and_says_where_to_go_on(site: Site) -> None:
    report = site.read()

    assert report.problems == 0
    assert report.counts["mood"] == {"created": 7}
    assert site.cursor is not None
    assert site.cursor.full_at == "2024-03-22T22:30:00+00:00"
    assert site.cursor.position < "2024-04-09 01:30"


def test_the_next_reading_is_of_what_changed(site: Site) -> None:
    site.read()
    site.wait(hours=3)
    site.project.save(Place("2", WEEK_0), {"mood_1": "3"})
    site.project.save(Place("3", WEEK_4), mood("1"))

    report = site.read()

    assert report.counts["mood"] == {"changed": 1, "created": 1, "unchanged": 1}
    assert report.counts["participant"] == {"unchanged": 2}
    assert site.cursor is not None
    assert site.cursor.full_at == "2024-03-22T22:30:00+00:00"


def test_a_deleted_record_is_retracted_by_the_next_reading(site: Site) -> None:
    site.read()
    site.wait(hours=3)
    site.project.delete("7")

    report = site.read()

    assert {form: counts["retracted"] for form, counts in report.counts.items()} == {
        "participant": 1,
        "mood": 1,
        "pain": 1,
        "incident": 1,
    }
    assert report.problems == 0
    assert site.retracted() == {"7"}


def test_a_form_that_was_emptied_is_retracted_by_the_next_reading(site: Site) -> None:
    site.read()
    site.wait(hours=3)
    site.project.clear(Place("5", WEEK_0), "pain")

    report = site.read()

    assert report.counts["pain"] == {"retracted": 1}
    assert site.retracted() == {"5"}


def test_more_deletions_than_believed_are_told_until_somebody_has_looked(site: Site) -> None:
    site.read(full_every_hours=1000)
    before = site.cursor
    site.wait(hours=3)
    for name in ("1", "2", "3"):
        site.project.delete(name)

    first = site.read(full_every_hours=1000)
    kept = site.cursor
    site.wait(days=2)
    again = site.read(full_every_hours=1000)
    believed = site.read(limit=3, full_every_hours=1000)

    (problem,) = problems(site, first)
    assert problem.found.startswith("3 fewer")
    assert [each.found for each in problems(site, again)] == [problem.found]
    assert kept == before
    assert believed.counts["participant"]["retracted"] == 3
    assert site.retracted() == {"1", "2", "3"}
    assert site.cursor != before


def test_without_a_limit_nothing_is_retracted(site: Site) -> None:
    site.read(limit=None)
    site.wait(hours=3)
    site.project.delete("7")

    report = site.read(limit=None)

    assert report.problems == 0
    assert site.retracted() == set()


def test_a_renamed_record_is_told_retracted_and_made_anew(site: Site) -> None:
    site.read()
    site.wait(hours=3)
    site.project.rename("7", "77")

    report = site.read()

    (problem,) = problems(site, report)
    assert problem.severity == "warning"
    assert problem.origin.record == "77"
    assert problem.expected.startswith("record 7,")
    assert "`adapter link`" in problem.action
    assert report.counts["mood"] == {"unchanged": 6, "created": 1, "retracted": 1}
    assert site.retracted() == {"7"}


def test_a_record_that_holds_less_than_the_one_that_is_gone_was_not_renamed(site: Site) -> None:
    site.read()
    site.wait(hours=3)
    site.project.rename("7", "77")
    site.project.save(Place("77", WEEK_0), {"mood_1": "3"})

    report = site.read()

    assert problems(site, report) == []
    assert site.retracted() == {"7"}


def test_what_the_log_does_not_tell_is_found_by_a_reading_of_everything(site: Site) -> None:
    site.read()
    site.wait(hours=3)
    log = [*site.project.log]
    site.project.delete("7")
    site.project.save(Place("2", WEEK_0), {"mood_1": "3"})
    site.project.log[:] = log

    by_changes = site.read()
    site.wait(hours=3)
    in_full = site.read(is_full=True)

    assert by_changes.counts == {}
    assert in_full.counts["mood"] == {"unchanged": 5, "changed": 1, "retracted": 1}
    assert site.retracted() == {"7"}


@pytest.mark.parametrize(("hours", "is_full"), [(23, False), (24, True)], ids=["less", "a day"])
def test_once_a_day_everything_is_read(site: Site, *, hours: int, is_full: bool) -> None:
    site.read()
    site.wait(hours=1)
    site.read()
    site.wait(hours=hours - 1)

    report = site.read()

    assert ("mood" in report.counts) == is_full


def test_another_mapping_makes_it_a_reading_of_everything(site: Site) -> None:
    site.read()
    site.wait(hours=3)
    trial = replace(site.bench.trial, software="2.0.0", _digests={})
    later = Site(replace(site.bench, trial=trial), site.wire, site.moment)

    report = later.read()

    assert sum(report.counts["mood"].values()) == 7


@pytest.mark.parametrize("others", [0, 1], ids=["in place of others", "beside the others"])
def test_a_row_that_cannot_be_read_keeps_the_position(site: Site, others: int) -> None:
    site.read()
    before = site.cursor
    site.wait(hours=3)
    site.project.save(Place("2", WEEK_0), {"mood_1": "3"})

    def spoil(asked: dict[str, str], entries: list[Any]) -> list[Any]:
        is_batch = "forms[0]" in asked and asked["content"] == "record"
        return [*entries * others, 7] if is_batch else entries

    site.wire.rewrite = spoil
    spoilt = site.read()
    kept = site.cursor
    site.wire.rewrite = None
    site.read()

    assert before is not None
    assert kept == before
    assert f"entry {others + 1}" in {problem.field for problem in problems(site, spoilt)}
    assert site.cursor != before
    assert site.bench.statuses("QuestionnaireResponse")["amended"] == 1
    assert site.retracted() == set()


def test_what_was_rejected_is_told_until_it_is_mended(site: Site) -> None:
    site.project.save(Place("4", WEEK_0), {"mood_1": "9"})
    first = site.read()
    site.wait(days=2)
    site.project.save(Place("2", WEEK_0), {"mood_1": "3"})

    meanwhile = site.read(full_every_hours=1000)
    told = problems(site, meanwhile)
    site.wait(hours=3)
    site.project.save(Place("4", WEEK_0), {"mood_1": "2"})
    mended = site.read(full_every_hours=1000)

    assert [problem.origin.record for problem in problems(site, first)] == ["4"]
    assert [(problem.origin.record, problem.field) for problem in told] == [("4", "mood_1")]
    assert meanwhile.problems == 1
    assert problems(site, mended) == []


def test_a_project_whose_log_is_closed_is_read_whole_every_time(site: Site) -> None:
    site.project.may_read_log = False
    site.read()
    site.wait(hours=3)
    site.project.delete("7")

    report = site.read()

    assert report.counts["mood"] == {"unchanged": 6, "retracted": 1}
    assert site.cursor is None


def test_a_token_that_sees_nobody_any_more_retracts_nobody(site: Site) -> None:
    """Such as one whose user was put into a data access group."""
    site.read()
    site.wait(days=2)
    site.wire.rewrite = lambda asked, told: [] if asked["content"] == "record" else told

    report = site.read(is_full=True)

    assert site.retracted() == set()
    assert [problem.found for problem in problems(site, report)] == [
        "7 fewer, or a form gone from many"
    ]


FAULTS: tuple[FaultName, ...] = ("broken", "silent", "short", "sign-in", "out-of-memory", "empty")
REQUESTS_OF_ALL, REQUESTS_OF_CHANGES = 16, 16


def asked_by(site: Site, *, is_full: bool) -> int:
    site.wire.asked.clear()
    site.read(is_full=is_full, batch_records=3)
    return len(site.wire.asked)


def change(site: Site) -> None:
    """Something of every kind: corrected, deleted, created."""
    site.wait(hours=3)
    site.project.save(Place("2", WEEK_0), {"mood_1": "3"})
    site.project.delete("7")
    for name in ("3", "4", "5"):
        site.project.save(Place(name, WEEK_4), mood("1"))


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Contents]:
    """The ledger after two readings that nothing disturbed."""
    with closing(Bench.open(tmp_path_factory.mktemp("clean"))) as bench:
        rows = [{**person(name), **mood("1", "2", "0"), **pain("3", "4")} for name in PEOPLE]
        undisturbed = Site(bench, small_wire([*rows, incident("7", "1")]))
        undisturbed.wait(days=2)
        undisturbed.read()
        change(undisturbed)
        undisturbed.read()
        yield contents(bench.database)


def test_as_many_requests_are_sent_as_are_disturbed_below(site: Site) -> None:
    in_full = asked_by(site, is_full=True)
    change(site)

    assert in_full == REQUESTS_OF_ALL
    assert asked_by(site, is_full=False) == REQUESTS_OF_CHANGES


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("request_number", range(REQUESTS_OF_CHANGES))
def test_a_reading_that_fails_anywhere_retracts_nothing_and_is_made_good(
    site: Site, clean: Contents, request_number: int, fault: FaultName
) -> None:
    site.read()
    change(site)
    before = site.cursor
    faults = site.wire.server.faults
    faults.following.extend([None] * request_number)
    faults.rule = fault

    with pytest.raises(SourceError):
        site.read(batch_records=3)
    retracted, reached = site.retracted(), site.cursor
    faults.following.clear()
    faults.rule = None
    site.read()

    assert retracted == set()
    assert reached == before
    assert contents(site.bench.database) == clean


@pytest.mark.parametrize("request_number", range(REQUESTS_OF_ALL))
def test_a_first_reading_that_fails_anywhere_is_made_good(
    site: Site, clean: Contents, request_number: int
) -> None:
    faults = site.wire.server.faults
    faults.following.extend([None] * request_number)
    faults.rule = "away"

    with pytest.raises(SourceError):
        site.read(batch_records=3)
    reached = site.cursor
    faults.following.clear()
    faults.rule = None
    site.read()
    change(site)
    site.read()

    assert reached is None
    assert contents(site.bench.database) == clean


TRANSACTIONS = 8


@pytest.mark.parametrize("transaction", range(1, TRANSACTIONS + 1))
def test_a_reading_of_changes_killed_in_any_transaction_is_made_good(
    site: Site, clean: Contents, transaction: int
) -> None:
    site.read()
    change(site)
    before = site.cursor
    mortal = MortalDatabase(site.bench.folder / "ledger.sqlite", transaction)
    with closing(mortal), pytest.raises(KilledError):
        Site(replace(site.bench, database=mortal), site.wire, site.moment).read()

    reached = site.cursor
    site.read()

    assert reached == before
    assert contents(site.bench.database) == clean


def test_a_reading_of_changes_has_as_many_transactions_as_were_killed_above(site: Site) -> None:
    site.read()
    change(site)
    mortal = MortalDatabase(site.bench.folder / "ledger.sqlite", 100)

    with closing(mortal):
        Site(replace(site.bench, database=mortal), site.wire, site.moment).read()

    assert 100 - mortal.lives == TRANSACTIONS + 1  # giving the lease up is the last


def become(project: RedcapProject, other: RedcapProject) -> None:
    """Makes every change that leads from one project to the other."""
    for record in set(project.records()) - set(other.records()):
        project.delete(record)
    for place in set(project.values) - set(other.values):
        for form in {project.design.column_by_name[name].form for name in project.values[place]}:
            project.clear(place, form)
    for place, cells in other.values.items():
        blank = dict.fromkeys(project.values.get(place, {}), "")
        project.save(place, {**blank, **cells})


def take_files(folder: Path, told: Trial, names: list[str]) -> list[Contents]:
    """What the exports in files become, one after the other."""
    found = []
    with (
        closing(Database(folder / "ledger.sqlite")) as database,
        closing(Crosswalk(folder / "who.sqlite", CROSSWALK_KEYS)) as crosswalk,
    ):
        dictionary = read_dictionary(CASE / "dictionary.csv")
        for name in names:
            records = RecordsFile(CASE / name, dictionary, told.study)
            as_of = datetime.fromisoformat(AS_OF[name])
            ingest(Ledger(database, crosswalk), told, Snapshot(records, as_of, 5), NOW)
            found.append(contents(database))
    return found


def test_the_trial_through_the_api_is_byte_for_byte_the_trial_in_files(tmp_path: Path) -> None:
    told = trial()
    names = ["records.csv", "records-2.csv"]
    by_files = take_files(tmp_path / "files", told, names)
    server = idbt_server()
    server.wall.wait(days=2)
    with (
        closing(Database(tmp_path / "api" / "ledger.sqlite")) as database,
        closing(Crosswalk(tmp_path / "api" / "who.sqlite", CROSSWALK_KEYS)) as crosswalk,
    ):
        bench = Bench(tmp_path, database, crosswalk, told)
        site = Site(bench, Wire(server))

        by_api = []
        for name in names:
            become(server.project, idbt_server(name).project)
            site.moment = datetime.fromisoformat(AS_OF[name])
            report = site.read(limit=5, full_every_hours=10_000)
            by_api.append(contents(database))
            server.wall.wait(hours=3)

    assert report.counts["participant"].total() < 20  # the second reading was of the changes
    assert by_api == by_files
    assert len(by_api[0]["version"]) > 4_000
