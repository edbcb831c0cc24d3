"""A search of one type: what fits and may be seen, page by page.

https://hl7.org/fhir/R4/search.html. A page ends at a place in the order of first versions, so that
the next one goes on there whatever was written meanwhile.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlencode

from adapter.fhir.operation_outcome import Issue, IssueCode, refuse
from adapter.fhir.search.asked import read_criterion
from adapter.fhir.search.criteria import BadSearchError, Criterion, UnknownParameterError
from adapter.fhir.search.parameters import SERVED_TYPES, parameters
from adapter.server.bundle import write_bundle
from adapter.server.exchange import Answer, Asked, Parameters, as_served
from adapter.server.groups import GROUP, fits_group, found_groups, through_group
from adapter.server.last_told import as_sorted, as_told
from adapter.server.ledger import Seen, View
from adapter.server.pages import PAGE, bad_value, begin_of, page_behind
from adapter.server.reach import check_reach
from adapter.server.subset import Summary, subset
from adapter.server.their_names import in_our_names
from adapter.server.value_sets import expanding
from adapter.store import finding
from adapter.store.finding import Hit

DEFAULT_COUNT, LARGEST_COUNT = 50, 1000
MOST_INCLUDED = 1000
MOST_PARAMETERS, MOST_ALL = 50, 500
_BEYOND_SCOPES = "The scopes of this client do not let it read all that would come along"
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
    page: str | None
    is_strict: bool


def read_search(resource_type: str, asked: Asked, view: View) -> Search:
    """What the parameters of a search say.

    Raises:
        RefusalError: 400, for a value that is not of its kind, an unknown modifier, and, where the
            client wants it so, an unknown parameter; 403, for what rests on a type that its scopes
            do not let it search.
    """
    _check_cost(asked.parameters)
    shaping = dict[str, str]()
    criteria, said, ignored, includes = list[Criterion](), [], [], list[Include]()
    for name, value in asked.parameters:
        try:
            _check_plain(name)
            if name in _INCLUDES:
                includes.append(_include(resource_type, name, value))
            elif name in _SHAPES:
                shaping[name] = value
            else:
                zone = view.ledger.study.zone
                ours = in_our_names(resource_type, name, value, view)
                asks = read_criterion(
                    resource_type, *ours, zone, expanding(view), base=view.ledger.base
                )
                check_reach((asks,), view.caller)
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
    page = shaping.get(PAGE)
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
        after=None if page is None else begin_of(view, resource_type, tuple(said), page),
        page=page,
        is_strict=asked.handling == "strict",
    )


_SHAPES = frozenset({"_count", "_sort", "_summary", "_elements", "_total", PAGE})
_INCLUDES = frozenset({"_include", "_revinclude"})


def search(view: View, asked_for: Search, base: str) -> Answer:
    """The page of a search as a Bundle of type searchset."""
    wants_total = asked_for.total == "accurate" or asked_for.count == 0
    hits, has_more = _page(view, asked_for) if asked_for.count else ([], False)
    is_begin = asked_for.count > 0 and asked_for.after is None
    groups = found_groups(view, asked_for.criteria) if asked_for.type == GROUP and is_begin else []
    matches = [*groups, *view.latest_of(hits)]  # the index has no Group
    entries = [_entry(base, seen, "match", asked_for) for seen in matches]
    included, is_whole = _included(view, hits, asked_for)
    entries += [_entry(base, seen, "include", asked_for) for seen in view.latest_of(included)]
    entries += [warning(text) for text in asked_for.ignored]
    if not is_whole:
        entries.append(warning(_BEYOND_SCOPES, "suppressed"))
    said = {"total": _total(view, asked_for)} if wants_total else {}
    links = _links(view, asked_for, hits, base, has_more=has_more)
    return Answer(write_bundle("searchset", {**said, "link": links}, entries))


def _page(view: View, asked_for: Search) -> tuple[list[Hit], bool]:
    """As many as a page holds of what fits and may be seen; whether there is more."""
    hits = list[Hit]()
    criteria, sort, after = asked_for.criteria, asked_for.sort, asked_for.after
    found = finding.find(view.tx, asked_for.type, criteria, view.may_see, sort=sort, after=after)
    for hit in found:
        if _is_gone(hit):
            continue
        if len(hits) == asked_for.count:
            return hits, True
        hits.append(hit)
    return hits, False


def _is_gone(hit: Hit) -> bool:
    return hit.is_retracted and finding.is_gone(hit.type)


def _total(view: View, asked_for: Search) -> int:
    if asked_for.type == GROUP:
        return int(fits_group(view, asked_for.criteria))
    return finding.count(view.tx, asked_for.type, asked_for.criteria, view.may_see)


def _included(view: View, hits: list[Hit], asked_for: Search) -> tuple[list[Hit], bool]:
    """What comes along and may be seen, and whether that is of every type that would."""
    found, is_whole = dict[int, Hit](), True
    for include in asked_for.includes:
        named = include.source if include.is_reverse else include.target
        if named and not view.caller.may("r", named):
            is_whole = False
        else:
            found |= {each.first: each for each in _coming(view, hits, include)}
    matched = {hit.first for hit in hits}
    told = [
        hit for first, hit in sorted(found.items()) if first not in matched and not _is_gone(hit)
    ]
    allowed = [hit for hit in told if view.caller.may("r", hit.type)]
    is_whole = is_whole and len(allowed) == len(told)
    if not is_whole and asked_for.is_strict:
        raise refuse(403, "forbidden", _BEYOND_SCOPES)
    if len(allowed) > MOST_INCLUDED:
        text = f"More than {MOST_INCLUDED} resources would come along; ask for a smaller page"
        raise refuse(400, "too-costly", text)
    return allowed, is_whole


def _coming(view: View, hits: list[Hit], include: Include) -> list[Hit]:
    parameter, may_see = include.parameter, view.may_see
    if include.is_reverse:
        return finding.naming(view.tx, include.source, parameter, hits, may_see)
    types = [include.target] if include.target else []
    named = (finding.named_by(view.tx, parameter, hit, types, may_see) for hit in hits)
    return [each for some in named for each in some]


def _entry(base: str, seen: Seen, mode: str, asked_for: Search) -> dict[str, Any]:
    text = as_served(seen)
    if asked_for.elements or asked_for.summary not in {"false", "count"}:
        text = subset(text, asked_for.summary, asked_for.elements)
    return {
        "fullUrl": f"{base}/{seen.type}/{seen.id}",
        "resource": text,
        "search": {"mode": mode},
    }


def warning(text: str, code: IssueCode = "not-supported") -> dict[str, Any]:
    """An entry that says what of a search was passed over."""
    issue = Issue(code, text, severity="warning")
    outcome = {"resourceType": "OperationOutcome", "issue": [issue.as_resource()]}
    return {"resource": outcome, "search": {"mode": "outcome"}}


def _links(
    view: View, asked_for: Search, hits: list[Hit], base: str, *, has_more: bool
) -> list[dict[str, str]]:
    def link(relation: str, more: tuple[tuple[str, str], ...]) -> dict[str, str]:
        parameters_said = urlencode((*asked_for.said, *more))
        url = f"{base}/{asked_for.type}" + (f"?{parameters_said}" if parameters_said else "")
        return {"relation": relation, "url": url}

    here = () if asked_for.page is None else ((PAGE, asked_for.page),)
    links = [link("self", here)]
    if has_more:
        last, sort = hits[-1], asked_for.sort
        key = None if sort is None else finding.sorted_by(view.tx, last, sort)
        page = page_behind(view, asked_for.type, asked_for.said, last, key)
        links.append(link("next", ((PAGE, page),)))
    return links


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


def _check_plain(name: str) -> None:
    """That what shapes an answer is said without a modifier; `:iterate` is none of ours."""
    word, _, modifier = name.partition(":")
    if modifier and word in {*_SHAPES, *_INCLUDES}:
        raise BadSearchError("not-supported", f"{word} is taken without a modifier")


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


def _unsupported(name: str) -> BadSearchError:
    text = f"{name} takes Type:parameter of a reference that is searched by"
    return BadSearchError("not-supported", text)
