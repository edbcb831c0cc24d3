"""`adapter filed` of a page that another one has replaced says which, and what to do with both."""

from __future__ import annotations

from tests.unit.cli.site import Site
from tests.unit.ingest.project import CLINIC, mood, person

_URL = 'url = "http://127.0.0.1:9/fhir"\n'


def pages(site: Site) -> set[str]:
    return {page.stem for page in (site.folder / "tasks").glob("*.pdf")}


def test_who_filed_a_page_that_was_taken_back_meanwhile_is_told_which_page_says_so(
    site: Site,
) -> None:
    site.change(f"{CLINIC}.yaml", "ladder: [transaction]", "ladder: [task]")
    named = 'token_env = "A_VARIABLE_THAT_NOBODY_SETS"'
    site.change("adapter.toml", named, f'{named}\ntasks = "tasks"')
    site.change("adapter.toml", f'[[clinics]]\nprofile = "repository.yaml"\n{_URL}\n', "")
    site.export({**person("1"), **mood("1", "2", "0")})
    assert site.run("ingest").code == 0
    assert site.run("push").code == 0
    (first,) = pages(site)
    assert site.run("withdraw", "1", "share").code == 0
    assert site.run("push").code == 0
    (newer,) = pages(site)

    said = site.run("filed", CLINIC, first)

    assert said.code == 15
    assert f"found one that {newer} has replaced" in said.err
    assert f"adapter filed {CLINIC} {newer}" in said.err
    assert site.run("filed", CLINIC, newer).code == 0
