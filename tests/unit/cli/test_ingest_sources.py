"""Several sources in one configuration: each is told apart, and a person stands in one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.unit.ingest.project import person, records_csv

if TYPE_CHECKING:
    from tests.unit.cli.site import Site

FIRST_CLINIC = """[[clinics]]
profile = "repository.yaml"
"""
SECOND = """[[sources]]
kind = "redcap"
dictionary = "dictionary.csv"
records = "second/records.csv"
as_of = 2024-03-21T09:30:00+11:00

[[clinics]]
profile = "repository.yaml"
"""


def test_a_person_in_two_exports_of_the_same_name_is_found_in_both(site: Site) -> None:
    site.export(person("1"), person("2"))
    site.write("second/records.csv", records_csv([person("2"), person("3")]))
    site.change("adapter.toml", "missing_limit = 5\n", "")
    site.change("adapter.toml", FIRST_CLINIC, SECOND)

    first, second = site.run("ingest", "--json"), site.run("ingest", "--json")

    found = [(each["record"], each["found"]) for each in first.document["rejected"]]
    east, west = site.folder / "records.csv", site.folder / "second" / "records.csv"
    assert (first.code, second.code) == (12, 12)
    assert found == [("2", f"one in {east}, too")] * 2
    for said in (second, site.run("status", "--json")):
        again = [(each["record"], each["found"]) for each in said.document["rejected"]]
        assert again == [("2", f"one in {there}, too") for there in (west, west, east, east)]
