"""A search of one type: what fits and may be seen, page by page.

https://hl7.org/fhir/R4/search.html. A page ends at a place in the order of first versions, so that
the next one goes on there whatever was written meanwhile.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlencode

import orjson

from adapter.fhir.operation_outcome import Issue, RefusalError, refuse
from adapter.fhir.retraction import retract
from adapter.fhir.search.asked import read_criterion
from adapter.fhir.search.criteria import BadSearchError, Criterion, UnknownParameterError
from adapter.fhir.search.parameters import SERVED_TYPES, parameters
from adapter.server.bundle import write_bundle
from adapter.server.exchange import Answer, Asked, Parameters, as_served
from adapter.server.groups import GROUP, fits_group, found_groups, through_group
from adapter.server.last_told import as_sorted, as_told
from adapter.server.ledger import Seen, View
from adapter.server.subset import Summary, subset
from adapter.server.their_names import in_our_names
from adapter.server.value_sets import expanding
from adapter.store import finding
from adapter.store.finding import Hit

DEFAULT_COUNT, LARGEST_COUNT = 50, 1000
MOST_INCLUDED = 1000
MOST_PARAMETERS, MOST_ALL = 50, 500
_LARGEST_PLACE = 2**63
PAGE = "_page"
_WHOLE = re.compile(r"\d{1,40}", re.ASCII)  # however many are wanted, fewer may be given


@dataclass(frozen=True, slots=True)
class Include:
    """`_include` (what it names) or `_revinclude` (what names it), by one parameter of a type."""

    source: str
    parameter: str
    target: str
    is_reverse: bool


@dataclass(frozen=True, slots=True)
class Search:
    """A search as it is processed; `said` are the parameters that were, for the link to itself."""

    type: str
    criteria: tuple[Criterion, ...]
    said: tuple[tuple[str, str], ...]
    ignored: tuple[str, ...]
    includes: tuple[Include, ...]
    count: int
    sort: tuple[str, bool] | None
    summary: Summary
    elements: frozenset[str]
    total: Literal["none", "estimate", "accurate"]
    after: tuple[float | None, int] | None


def read_search(resource_type: str, asked: Asked, view: View) -> Search:
    """What the parameters of a search say.

    Raises:
        RefusalError: 400, for a value that is not of its kind, an unknown modifier, and, where the
            client wants it so, an unknown parameter.
    """
    _check_cost(asked.parameters)
    shaping = dict[str, str]()
    criteria, said, ignored, includes = list[Criterion](), [], [], list[Include]()
    for name, value in asked.parameters:
        try:
            if name in {"_include", "_revinclude"}:
                includes.append(_include(resource_type, name, value))
            elif name in _SHAPES:
                shaping[name] = value
            else:
                zone = view.ledger.study.zone
                ours = in_our_names(resource_type, name, value, view)
                asks = read_criterion(resource_type, *ours, zone, expanding(view))
                criteria += through_group(asks, resource_type, view)
        except UnknownParameterError as wrong:
            if asked.handling == "strict":
                raise refuse(400, wrong.code, wrong.text) from None
            ignored.append(wrong.text)
            continue
        except BadSearchError as wrong:
            raise refuse(400, wrong.code, wrong.text) from None
        if name != PAGE:
            said.append((name, value))
    summary = _one_of(shaping, "_summary", ("false", "true", "text", "data", "count"))
    wanted = _count(shaping.get("_count", str(DEFAULT_COUNT)))
    return Search(
        type=resource_type,
        criteria=tuple(as_told(each, resource_type, view) for each in criteria),
        said=tuple(said),
        ignored=tuple(ignored),
        includes=tuple(dict.fromkeys(includes)),
        count=0 if summary == "count" else wanted,
        sort=_sort(resource_type, shaping.get("_sort"), view),
        summary=summary,  # type: ignore[arg-type]
        elements=frozenset(filter(None, shaping.get("_elements", "").split(","))),
        total=_one_of(shaping, "_total", ("none", "estimate", "accurate")),  # type: ignore[arg-type]
        after=_after(shaping[PAGE]) if PAGE in shaping else None,
    )


_SHAPES = frozenset({"_count", "_sort", "_summary", "_elements", "_total", PAGE})


def search(view: View, asked_for: Search, base: str) -> Answer:
    """The page of a search as a Bundle of type searchset."""
    wants_total = asked_for.total == "accurate" or asked_for.count == 0
    hits, has_more = _page(view, asked_for) if asked_for.count else ([], False)
    is_begin = asked_for.count > 0 and asked_for.after is None
    groups = found_groups(view, asked_for.criteria) if asked_for.type == GROUP and is_begin else []
    matches = [*groups, *view.latest_of(hits)]  # the index has no Group
    entries = [_entry(base, seen, "match", asked_for) for seen in matches]
    entries += [
        _entry(base, seen, "include", asked_for)
        for seen in view.latest_of(_included(view, hits, asked_for))
    ]
    entries += [warning(text) for text in asked_for.ignored]
    said = {"total": _total(view, asked_for)} if wants_total else {}
    links = _links(view, asked_for, hits, base, has_more=has_more)
    return Answer(write_bundle("searchset", {**said, "link": links}, entries))


def _page(view: View, asked_for: Search) -> tuple[list[Hit], bool]:
    """As many as a page holds of what fits and may be seen; whether there is more."""
    hits = list[Hit]()
    for hit in finding.find(
        view.tx, asked_for.type, asked_for.criteria, sort=asked_for.sort, after=asked_for.after
    ):
        if not view.may_see(hit.participant, hit.form) or _is_gone(hit):
            continue
        if len(hits) == asked_for.count:
            return hits, True
        hits.append(hit)
    return hits, False


def _is_gone(hit: Hit) -> bool:
    """Whether the type has no word for what should not have been: it is as if deleted."""
    return hit.is_retracted and retract({"resourceType": hit.type}) is None


def _total(view: View, asked_for: Search) -> int:
    if asked_for.type == GROUP:
        return int(fits_group(view, asked_for.criteria))
    return sum(
        group.count
        for group in finding.count(view.tx, asked_for.type, asked_for.criteria)
        if view.may_see(group.participant, group.form)
    )


def _included(view: View, hits: list[Hit], asked_for: Search) -> list[Hit]:
    found: dict[int, Hit] = {}
    for include in asked_for.includes:
        if include.is_reverse:
            named = finding.naming(view.tx, include.source, include.parameter, hits)
        else:
            types = [include.target] if include.target else []
            named = [
                each
                for hit in hits
                for each in finding.named_by(view.tx, include.parameter, hit, types)
            ]
        found |= {each.first: each for each in named}
    matched = {hit.first for hit in hits}
    told = [
        hit
        for first, hit in sorted(found.items())
        if first not in matched and view.may_see(hit.participant, hit.form) and not _is_gone(hit)
    ]
    if len(told) > MOST_INCLUDED:
        text = f"More than {MOST_INCLUDED} resources would come along; ask for a smaller page"
        raise refuse(400, "too-costly", text)
    return told


def _entry(base: str, seen: Seen, mode: str, asked_for: Search) -> dict[str, Any]:
    text = as_served(seen)
    if asked_for.elements or asked_for.summary not in {"false", "count"}:
        text = subset(text, asked_for.summary, asked_for.elements)
    return {
        "fullUrl": f"{base}/{seen.type}/{seen.id}",
        "resource": text,
        "search": {"mode": mode},
    }


def warning(text: str) -> dict[str, Any]:
    """An entry that says what of a search was passed over."""
    issue = Issue("not-supported", text, severity="warning")
    outcome = {"resourceType": "OperationOutcome", "issue": [issue.as_resource()]}
    return {"resource": outcome, "search": {"mode": "outcome"}}


def _links(
    view: View, asked_for: Search, hits: list[Hit], base: str, *, has_more: bool
) -> list[dict[str, str]]:
    def link(relation: str, more: tuple[tuple[str, str], ...]) -> dict[str, str]:
        parameters_said = urlencode((*asked_for.said, *more))
        url = f"{base}/{asked_for.type}" + (f"?{parameters_said}" if parameters_said else "")
        return {"relation": relation, "url": url}

    here = () if asked_for.after is None else ((PAGE, _page_name(*asked_for.after)),)
    links = [link("self", here)]
    if has_more:
        last = hits[-1]
        sort = asked_for.sort
        key = None if sort is None else finding.sorted_by(view.tx, last, sort)
        links.append(link("next", ((PAGE, _page_name(key, last.first)),)))
    return links


def _page_name(key: float | None, first: int) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([str(key), first])).decode().rstrip("=")


def _after(said: str) -> tuple[float | None, int]:
    try:
        key, first = orjson.loads(base64.urlsafe_b64decode(said + "=" * (-len(said) % 4)))
        place = None if key == "None" else float(key), int(first)
    except (binascii.Error, orjson.JSONDecodeError, ValueError, TypeError):
        raise bad_value(PAGE) from None
    if not 0 <= place[1] < _LARGEST_PLACE:
        raise bad_value(PAGE)
    return place


def _check_cost(said: Parameters) -> None:
    """That a database can hold what is asked for: so many conditions, so many values in all.

    Raises:
        RefusalError: 400.
    """
    values = sum(value.count(",") + 1 for _, value in said)
    if len(said) > MOST_PARAMETERS or values > MOST_ALL:
        text = f"A search names at most {MOST_PARAMETERS} parameters and {MOST_ALL} values"
        raise refuse(400, "too-costly", text)
    if any("\x00" in value for _, value in said):  # no text of FHIR has it, and no PostgreSQL
        raise refuse(400, "value", "A value is expected without the character of number 0")


def _include(resource_type: str, name: str, value: str) -> Include:
    is_reverse = name == "_revinclude"
    source, parameter, target = (value.split(":") + [""] * 3)[:3]
    known = parameters(source).get(parameter)
    fits = is_reverse or source == resource_type
    if not fits or known is None or known.kind != "reference" or value.count(":") > 2:  # noqa: PLR2004
        raise _unsupported(name)
    if source == GROUP:  # its members may be many; `_has` gives them page by page
        raise _unsupported(name)
    if target and target not in SERVED_TYPES:
        raise _unsupported(name)
    return Include(source, parameter, target, is_reverse)


def _sort(resource_type: str, said: str | None, view: View) -> tuple[str, bool] | None:
    if said is None:
        return None
    name = said.removeprefix("-")
    known = parameters(resource_type).get(name)
    if name != "_lastUpdated" and (known is None or known.kind != "date"):
        raise refuse(400, "not-supported", "_sort takes one parameter of dates, or _lastUpdated")
    return as_sorted(name, resource_type, view), said.startswith("-")


def _one_of(shaping: dict[str, str], name: str, words: tuple[str, ...]) -> str:
    said = shaping.get(name, words[0])
    if said not in words:
        raise bad_value(name)
    return said


def _count(said: str) -> int:
    if not _WHOLE.fullmatch(said):
        raise bad_value("_count")
    return min(int(said), LARGEST_COUNT)


def bad_value(name: str) -> RefusalError:
    """The value of a parameter is none."""
    return refuse(400, "value", f"The value of the parameter {name} is not of its kind")


def _unsupported(name: str) -> BadSearchError:
    text = f"{name} takes Type:parameter of a reference that is searched by"
    return BadSearchError("not-supported", text)
