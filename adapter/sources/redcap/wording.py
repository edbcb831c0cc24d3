"""A form's words as a site's own REDCap dictionary has them: the labels, without their HTML."""

from __future__ import annotations

from html.parser import HTMLParser

from adapter.instruments.form import Form
from adapter.instruments.study import FormPlacement
from adapter.instruments.wording import Wording
from adapter.sources.redcap.dictionary import Dictionary

_BREAKS = frozenset({"br", "p", "div", "li", "tr"})


def wording_of(
    dictionary: Dictionary, form: Form, placement: FormPlacement, language: str
) -> Wording:
    """The words of a form's items and options, where the dictionary has any."""
    items: dict[str, str] = {}
    options: dict[str, dict[str, str]] = {}
    for item in form.items:
        field = dictionary.fields.get(placement.fields.get(item.field, item.field))
        if field is None:
            continue
        if label := plain(field.label):
            items[item.link_id] = label
        values = {option.value for option in form.offered(item)}
        words = {code: plain(label) for code, label in field.choices.items() if code in values}
        if item.options:
            known = options.setdefault(item.options, {})
            known |= {code: text for code, text in words.items() if text and code not in known}
    return Wording(
        kind="wording",
        form=form.id,
        language=language,
        source=f"the labels of {dictionary.file}",
        items=items,
        options={name: words for name, words in options.items() if words},
    )


def plain(label: str) -> str:
    """A label's text: tags are left out, entities read, white space is one space."""
    reader = _Text()
    reader.feed(label)
    reader.close()
    return " ".join("".join(reader.parts).split())


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        if tag in _BREAKS:
            self.parts.append(" ")
