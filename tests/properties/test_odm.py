"""What stands after any sequence of ODM transactions is what a naive reader comes to, too.

The naive one keeps every value in one flat table under its whole path, and goes through it anew for
every transaction; it shares nothing with `adapter.sources.odm`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.errors import Problem
from adapter.instruments.response import Record
from adapter.sources.odm import OdmFile
from tests.unit.sources.odm.files import METADATA, NAMESPACE, declared

Path_ = tuple[str, ...]
PARTS = (
    ("SubjectData", "SubjectKey", ""),
    ("StudyEventData", "StudyEventOID", "StudyEventRepeatKey"),
    ("FormData", "FormOID", "FormRepeatKey"),
    ("ItemGroupData", "ItemGroupOID", "ItemGroupRepeatKey"),
)
FORMS = frozenset({"F.VITALS", "F.CALL", "F.LOG", "F.LOG/IG.DRUG"})
KINDS = st.sampled_from(["", "", "Insert", "Insert", "Upsert", "Update", "Remove", "Context"])
PLACES = (
    (("SE.BASE", ""), ("F.VITALS", ""), ("IG.VITALS", ""), ("I.PULSE", "I.NOTE")),
    (("SE.WEEK", "2"), ("F.VITALS", ""), ("IG.VITALS", ""), ("I.PULSE", "I.NOTE")),
    (("SE.BASE", ""), ("F.CALL", "1"), ("IG.CALL", ""), ("I.NOTE",)),
    (("SE.BASE", ""), ("F.CALL", "2"), ("IG.CALL", ""), ("I.NOTE",)),
    (("SE.BASE", ""), ("F.LOG", ""), ("IG.HEAD", ""), ("I.SEEN",)),
    (("SE.BASE", ""), ("F.LOG", ""), ("IG.DRUG", "1"), ("I.DRUG",)),
    (("SE.BASE", ""), ("F.LOG", ""), ("IG.DRUG", "b"), ("I.DRUG",)),
)


@dataclass(frozen=True)
class Step:
    """One subject element with one value in it; `kinds` are its transactions, outermost first."""

    subject: str
    place: tuple[tuple[str, str], tuple[str, str], tuple[str, str]]
    item: str
    value: str | None
    kinds: tuple[str, str, str, str, str]

    @property
    def path(self) -> Path_:
        """Every part of the way with its key, the item last."""
        return (self.subject, *(f"{oid}|{key}" for oid, key in self.place), self.item)

    def write(self) -> str:
        inside = f'<ItemData ItemOID="{self.item}"{_kind(self.kinds[4])}'
        told = ' IsNull="Yes"' if self.value is None else f' Value="{escape(self.value)}"'
        text = f"{inside}{told}/>"
        names = ((self.subject, ""), *self.place)
        for (name, oid, repeat), (said, key), kind in reversed(
            list(zip(PARTS, names, self.kinds[:4], strict=True))
        ):
            again = f' {repeat}="{key}"' if key else ""
            text = f'<{name} {oid}="{said}"{again}{_kind(kind)}>{text}</{name}>'
        return text


@st.composite
def steps(draw: st.DrawFn) -> Step:
    *place, items = draw(st.sampled_from(PLACES))
    value = draw(st.sampled_from(["1", "2", "3", "  x & <y> ", None, " "]))
    kinds = draw(st.tuples(KINDS, KINDS, KINDS, KINDS, KINDS))
    subject, item = draw(st.sampled_from(["s1", "s1", "s2"])), draw(st.sampled_from(items))
    return Step(subject, tuple(place), item, value, kinds)  # type: ignore[arg-type]  # three pairs


@dataclass
class Naive:
    """A flat table: path to value, and the paths of forms and subjects that are wrong."""

    values: dict[Path_, str] = field(default_factory=dict)
    wrong: set[Path_] = field(default_factory=set)
    met: set[Path_] = field(default_factory=set)

    def take(self, step: Step) -> None:
        """Applies one element from the outside in."""
        path, kind, removed = step.path, "", False
        for depth in range(1, 5):
            here, said = path[:depth], step.kinds[depth - 1]
            kind = said or kind
            if removed and kind != "Remove":
                self._refuse(path, depth)
                return self._rest(step, depth, kind)
            if kind == "Remove":
                if not removed:
                    self._forget(here)
                removed = True
            elif kind == "Update" and depth == 3 and here not in self.met:
                self._refuse(path, depth)
        kind = step.kinds[4] or kind
        if removed:
            if kind != "Remove":
                self._refuse(path, 5)
        elif kind != "Context":
            self._set(path, step.value, kind)
        return None

    def _rest(self, step: Step, depth: int, kind: str) -> None:
        """Inside what is removed everything else is wrong, and nothing is set."""
        for deeper in range(depth + 1, 6):
            kind = step.kinds[deeper - 1] or kind
            if kind != "Remove":
                self._refuse(step.path, deeper)

    def _set(self, path: Path_, value: str | None, kind: str) -> None:
        if kind == "Remove" or value is None or not value.strip():
            self.values.pop(path, None)
            return
        before = self.values.get(path)
        for depth in range(1, 5):
            self.met.add(path[:depth])
        if before is not None and before != value and kind in {"", "Insert"}:
            self._refuse(path, 5)
        else:
            self.values[path] = value

    def _refuse(self, path: Path_, depth: int) -> None:
        """Wrong is the form, or the subject where the fault stands around its forms."""
        of = path[:3] if depth >= 3 else path[:1]
        self.wrong.add(of)
        for known in range(1, len(of) + 1):
            self.met.add(path[:known])

    def _forget(self, here: Path_) -> None:
        begin = len(here)
        self.values = {path: text for path, text in self.values.items() if path[:begin] != here}
        self.met = {path for path in self.met if path[:begin] != here}
        self.wrong = {path for path in self.wrong if path[:begin] != here or len(path) == 1}

    def records(self) -> dict[Path_, dict[str, str]]:
        """What is left, by subject, event and form, and by drug where a group repeats."""
        told: dict[Path_, dict[str, str]] = {}
        for path, value in self.values.items():
            if not {path[:1], path[:3]} & self.wrong:
                is_drug = path[3].startswith("IG.DRUG")
                place = path[:4] if is_drug else path[:3]
                told.setdefault(place, {})[path[4]] = value
        return told


def _kind(kind: str) -> str:
    return f' TransactionType="{kind}"' if kind else ""


def _read(folder: Path, given_steps: list[Step]) -> list[Record | Problem]:
    inside = "\n".join(step.write() for step in given_steps)
    root = f'xmlns="{NAMESPACE["1.3.2"]}" ODMVersion="1.3.2" FileType="Transactional"'
    data = f'<ClinicalData StudyOID="S" MetaDataVersionOID="V1">\n{inside}\n</ClinicalData>'
    (folder / "study.xml").write_text(f"<ODM {root}>\n{METADATA}{data}</ODM>", "utf-8")
    return list(OdmFile(folder / "study.xml", declared()).records(FORMS))


@given(drawn=st.lists(steps(), min_size=1, max_size=14))
@settings(max_examples=300, deadline=None)
def test_what_stands_in_the_end_is_what_a_naive_reader_comes_to(drawn: list[Step]) -> None:
    naive = Naive()
    for step in drawn:
        naive.take(step)

    with TemporaryDirectory() as folder:
        found = _read(Path(folder), drawn)

    records = [each for each in found if isinstance(each, Record)]
    problems = [each for each in found if isinstance(each, Problem)]
    assert Counter(frozenset(each.values.items()) for each in records) == Counter(
        frozenset(values.items()) for values in naive.records().values()
    )
    assert Counter(each.participant for each in records) == Counter(
        path[0] for path in naive.records()
    )
    assert bool(problems) == bool(naive.wrong)
    assert {each.origin.record for each in problems} == {path[0] for path in naive.wrong}
