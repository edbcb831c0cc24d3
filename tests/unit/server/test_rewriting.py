"""References inside a transaction are replaced wherever they stand."""

from adapter.server.rewriting import named_in, rewritten, searches_in

URN = "urn:uuid:7bffd5e4-140c-5dc7-8626-634be82bd1b7"
RESOURCE = {
    "text": {"status": "generated", "div": f'<div><a href="{URN}">{URN}x</a></div>'},
    "contained": [{"subject": {"reference": URN}}],
    "extension": [{"url": "http://x.example", "valueUri": URN}],
    "source": {"reference": "Patient?identifier=a|b"},
    "note": [f"about {URN}"],
}


def test_everything_that_names_an_entry_names_what_it_became() -> None:
    told = rewritten(RESOURCE, {URN: "Patient/1", "Patient?identifier=a|b": "Patient/2"})

    assert told == {
        "text": {"status": "generated", "div": f'<div><a href="Patient/1">{URN}x</a></div>'},
        "contained": [{"subject": {"reference": "Patient/1"}}],
        "extension": [{"url": "http://x.example", "valueUri": "Patient/1"}],
        "source": {"reference": "Patient/2"},
        "note": [f"about {URN}"],
    }


def test_what_is_referred_to_is_found_by_its_kind() -> None:
    assert named_in(RESOURCE) == {URN}
    assert searches_in(RESOURCE, {"Patient"}) == {"Patient?identifier=a|b"}
    assert searches_in(RESOURCE, {"Group"}) == set()
