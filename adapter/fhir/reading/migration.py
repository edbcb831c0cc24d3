"""A response to an earlier version of a form, as the same answers to the present one.

Link ids are renamed as the form's `migrates` says, what is no longer asked is left out, and the
items come into the present order. The response itself stays as it was sent, valid against its own
Questionnaire, which is kept; only who reads it here reads it so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapter.fhir.identity import PROJECT, questionnaire_url
from adapter.instruments.form import Form
from adapter.instruments.migration import Migration

Node = dict[str, Any]
_FORMS = f"{PROJECT}/Questionnaire/"


def migrated(resource: Node, forms: Mapping[str, Form]) -> Node:
    """The response under its form's present version; itself where no migration is declared."""
    url, _, version = str(resource.get("questionnaire", "")).partition("|")
    form = forms.get(url.removeprefix(_FORMS))
    if form is None or questionnaire_url(form) != url:
        return resource
    said = next((each for each in form.migrates if each.version == version), None)
    if said is None:
        return resource
    order = {item.link_id: place for place, item in enumerate(form.items)}
    items = [_renamed(item, said) for item in resource.get("item", ()) if _is_kept(item, said)]
    items.sort(key=lambda item: order.get(str(item.get("linkId")), len(order)))
    canonical = f"{url}|{form.published_version}"
    return {**resource, "questionnaire": canonical, "item": items}


def as_present(resource: Node, forms: Mapping[str, Form]) -> Node:
    """The response as far as it can be compared with one to the present version; else as migrated.

    Where no migration is declared, an item that the form has still is taken for the same one. It is
    for who compares two responses, and for nobody who takes one in.
    """
    present = migrated(resource, forms)
    url, _, version = str(present.get("questionnaire", "")).partition("|")
    form = forms.get(url.removeprefix(_FORMS))
    if form is None or questionnaire_url(form) != url:
        return present
    if version in {"", form.version, form.published_version}:
        return present
    return {**present, "questionnaire": f"{url}|{form.published_version}"}


def _is_kept(item: Node, said: Migration) -> bool:
    return item.get("linkId") not in said.dropped


def _renamed(item: Node, said: Migration) -> Node:
    """The item under its present name; the old words would contradict the present ones."""
    link_id = item.get("linkId")
    if link_id not in said.link_ids:
        return item
    kept = {name: value for name, value in item.items() if name != "text"}
    return {**kept, "linkId": said.link_ids[str(link_id)]}
