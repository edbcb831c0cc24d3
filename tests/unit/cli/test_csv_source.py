"""A trial without REDCap: `adapter` reads CSV files by their contract, and tells what is wrong."""

from __future__ import annotations

import pytest

from tests.unit.cli.site import Site

CONTRACT = """\
kind: contract
source: made up for tests
tables:
  - file: people.csv
    form: participant
    record_column: subject
    event: week_0_arm_1
    columns: {enrol_date: {type: date}, left_date: {type: date}, ihi: {}}
  - file: consents.csv
    form: consent
    record_column: subject
    event: week_0_arm_1
    columns: &consent
      agree_research: &yes {type: choice, codes: {1: "yes", 0: "no"}}
      agree_share: *yes
      agree_date: {type: date}
      stop_research: *yes
      stop_share: *yes
      stop_date: {type: date}
  - file: answers.csv
    form_column: form
    record_column: subject
    event_column: visit
    columns:
      tally_total: {form: tally, type: integer}
      pain_now: {form: pain, type: integer}
      pain_week: {form: pain, type: decimal}
      pain_day: {form: pain, type: date}
"""
STUDY_OF_TWO_FORMS = (
    ("  - {form: mood, source_form: mood, at: [week-0, week-4]}\n", ""),
    ("  - {form: incident, source_form: incident, at: [ongoing]}\n", ""),
    ("not_mapped:\n  diary: stays in the trial\n", ""),
)


@pytest.fixture
def csv_site(site: Site) -> Site:
    """The same site, whose trial gives CSV files."""
    before, _, rest = site.config.read_text("utf-8").partition("[[sources]]")
    source = '[[sources]]\nkind = "csv"\ncontract = "contract.yaml"\n'
    site.write("adapter.toml", f"{before}{source}\n[[clinics]]" + rest.partition("[[clinics]]")[2])
    site.write("contract.yaml", CONTRACT)
    for old, new in STUDY_OF_TWO_FORMS:
        site.change("study.yaml", old, new)
    site.write("people.csv", "subject,enrol_date,left_date,ihi\n1,2024-02-01,,8003609900000637\n")
    site.write(
        "consents.csv",
        "subject,agree_research,agree_share,agree_date,stop_research,stop_share,stop_date\n"
        "1,1,1,2024-02-01,,,\n",
    )
    site.write(
        "answers.csv",
        "subject,visit,form,tally_total,pain_now,pain_week,pain_day\n"
        "1,week_0_arm_1,tally,12,,,\n"
        "1,week_0_arm_1,pain,,3,4.5,2024-02-01\n"
        "1,week_4_arm_1,pain,,many,,\n",
    )
    return site


def test_csv_files_are_read_and_what_breaks_the_contract_is_listed(csv_site: Site) -> None:
    assert csv_site.run("check").out == "no findings\n"

    said = csv_site.run("ingest", "--json")

    assert said.code == 12
    created = {form: counts["created"] for form, counts in said.document["forms"].items()}
    assert created == {"participant": 1, "tally": 1, "pain": 1, "unreadable row": 0}
    (rejected,) = said.document["rejected"]
    assert (rejected["file"], rejected["line"], rejected["field"]) == ("answers.csv", 4, "pain_now")


def test_a_contract_that_does_not_hold_together_is_a_finding(csv_site: Site) -> None:
    csv_site.change("contract.yaml", "ihi: {}", "ihi: {type: choice}")

    checked, ingested = csv_site.run("check", "--json"), csv_site.run("ingest")

    assert [each["field"] for each in checked.document["findings"]] == ["tables.0.columns.ihi"]
    assert (checked.code, ingested.code) == (10, 10)


def test_a_file_that_is_gone_is_a_source_that_cannot_be_read(csv_site: Site) -> None:
    (csv_site.folder / "answers.csv").unlink()

    checked, ingested = csv_site.run("check", "--json"), csv_site.run("ingest")

    assert [each["file"] for each in checked.document["findings"]] == ["answers.csv"]
    assert (checked.code, ingested.code) == (10, 11)
