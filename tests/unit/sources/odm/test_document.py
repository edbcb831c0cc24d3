"""What is no ODM, or would do harm, is refused: at once, and without a word of its text."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import pairwise, repeat
from pathlib import Path

import pytest

from adapter.errors import Problem, SourceError
from adapter.sources.odm import OdmFile
from adapter.sources.odm.clinical import TOGETHER
from tests.unit.sources.odm.files import (
    METADATA,
    NAMESPACE,
    clinical,
    declared,
    item,
    odm,
    opened,
    read,
    subject,
    vitals,
)

ROOT = Path(__file__).parents[4]
CANARY = "Canary-4711"
OK = subject(vitals(item("I.PULSE", "60")))
BODY = odm(clinical(OK))


def refused(folder: Path, text: str | bytes) -> Problem:
    with pytest.raises(SourceError) as caught:
        opened(folder, text)
    (problem,) = caught.value.problems
    assert problem.origin.file == "study.xml"
    assert problem.action
    assert CANARY not in str(caught.value)
    return problem


LAUGHS = "".join(
    f'<!ENTITY {letter} "{f"&{before};" * 10}">' for before, letter in pairwise("abcdefghij")
)


@pytest.mark.parametrize(
    "prolog",
    [
        f'<!DOCTYPE ODM [<!ENTITY a "lol">{LAUGHS}]>',
        '<!DOCTYPE ODM [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE ODM SYSTEM "http://127.0.0.1:9/odm.dtd">',
        '<!DOCTYPE ODM PUBLIC "-//W3C//DTD XHTML 1.0//EN" "http://127.0.0.1:9/x.dtd">',
        "<!DOCTYPE ODM>",
    ],
    ids=["expansion", "external entity", "external type", "public type", "bare"],
)
def test_a_document_type_is_refused(tmp_path: Path, prolog: str) -> None:
    text = f'<?xml version="1.0"?>\n{prolog}\n{odm(clinical(subject(vitals("&j;&a;"))))}'

    problem = refused(tmp_path, text)

    assert problem.expected == "XML without a document type"


def test_a_document_type_in_another_encoding_is_refused(tmp_path: Path) -> None:
    text = f'<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE ODM [<!ENTITY a "x">]>{BODY}'

    assert refused(tmp_path, text.encode("utf-16")).expected == "XML without a document type"


@pytest.mark.parametrize(
    ("entities", "use"),
    [(f'<!ENTITY a "lol">{LAUGHS}', "&j;"), ('<!ENTITY a SYSTEM "/etc/passwd">', "&a;")],
    ids=["expansion", "external"],
)
def test_an_entity_in_the_first_attribute_there_is_does_nothing(
    tmp_path: Path, entities: str, use: str
) -> None:
    body = BODY.replace('FileType="Snapshot"', f'FileType="Snapshot" Description="{use}"')
    before = time.perf_counter()

    refused(tmp_path, f"<!DOCTYPE ODM [{entities}]>{body}")

    assert time.perf_counter() - before < 5


@pytest.mark.parametrize(
    "text",
    [
        BODY.replace("<ODM", "<ODMX").replace("</ODM", "</ODMX"),
        BODY.replace(f'xmlns="{NAMESPACE["1.3.2"]}"', ""),
        BODY.replace("v1.3", "v1.2").replace("1.3.2", "1.2"),
        BODY.replace('ODMVersion="1.3.2"', 'ODMVersion="2.0"'),
        f'<html xmlns="http://www.w3.org/1999/xhtml">{CANARY}</html>',
    ],
    ids=["root", "namespace", "version 1.2", "version at odds", "a page"],
)
def test_another_root_or_version_is_refused(tmp_path: Path, text: str) -> None:
    assert "ODM 1.3 or 2.0" in refused(tmp_path, text).expected


@pytest.mark.parametrize("text", ["", " \n", CANARY, "record_id,name\n1,x\n"])
def test_what_is_no_xml_is_refused(tmp_path: Path, text: str) -> None:
    assert refused(tmp_path, text).expected == "XML to its end"


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        OdmFile(tmp_path / "none.xml", declared())

    assert caught.value.problems[0].expected == "a readable file"


def test_a_file_without_definitions_is_refused(tmp_path: Path) -> None:
    problem = refused(tmp_path, odm(clinical(OK), metadata=""))

    assert problem.expected == "definitions of forms before the clinical data"


def test_the_definitions_may_stand_in_another_file(tmp_path: Path) -> None:
    (tmp_path / "metadata.xml").write_text(odm(""), "utf-8")
    (tmp_path / "data.xml").write_text(odm(clinical(OK), metadata=""), "utf-8")

    source = OdmFile(tmp_path / "data.xml", declared(), tmp_path / "metadata.xml")

    records, problems = read(source)
    assert problems == []
    assert [record.form for record in records] == ["F.VITALS"]


def test_a_file_that_goes_on_from_an_earlier_one_is_refused(tmp_path: Path) -> None:
    problem = refused(tmp_path, odm(clinical(OK), PriorFileOID="F.0", FileType="Transactional"))

    assert problem.expected == "a file that stands for itself"


FAULTS = {
    "cut off": lambda text: text[: text.index("I.PULSE", text.index('SubjectKey="bad"'))],
    "a wrong end": lambda text: text.replace("</ClinicalData>", "</Clinical>"),
    "an entity": lambda text: text.replace("</ClinicalData>", f"&{CANARY};</ClinicalData>"),
    "a sign that XML has not": lambda text: text.replace("</ClinicalData>", "\x02</ClinicalData>"),
    "what follows the end": lambda text: f"{text}<{CANARY}/>",
}


@pytest.mark.parametrize("spoil", FAULTS.values(), ids=FAULTS.keys())
def test_what_stands_before_a_fault_goes_through_and_the_fault_is_told(
    tmp_path: Path, spoil: object
) -> None:
    assert callable(spoil)
    many = [subject(vitals(item("I.PULSE", "60")), f"s{number}") for number in range(2_000)]
    bad = subject(vitals(item("I.PULSE", "60")), "bad")

    records, problems = read(opened(tmp_path, spoil(odm(clinical(*many, bad)))))

    told = {record.participant for record in records}
    assert (
        {f"s{number}" for number in range(2_000)}
        <= told
        <= {*(f"s{n}" for n in range(2_000)), "bad"}
    )
    assert [problem.expected for problem in problems] == ["XML to its end"]
    assert problems[0].origin.line
    assert CANARY not in str(problems[0])


def test_nothing_of_a_transactional_file_with_a_fault_goes_through(tmp_path: Path) -> None:
    text = odm(clinical(OK), FileType="Transactional").replace("</ODM>", "")

    records, problems = read(opened(tmp_path, text))

    assert records == []
    assert [problem.expected for problem in problems] == ["XML to its end"]


def pieces(begin: str, piece: bytes, times: int, end: str) -> Iterator[bytes]:
    yield begin.encode()
    yield from repeat(piece, times)
    yield end.encode()


LONG = b"x" * (1 << 20)
HEAD = BODY[: BODY.index("</SubjectData>")]
TAIL = BODY[BODY.index("</SubjectData>") :]
BOMBS = {
    "a text": (f'{HEAD}<ItemDataString ItemOID="I">', LONG, 200, f"</ItemDataString>{TAIL}"),
    "an attribute": (f'{HEAD}<X a="', LONG, 200, f'"/>{TAIL}'),
    "a comment": (f"{HEAD}<!--", LONG, 200, f"-->{TAIL}"),
    "a name": (f"{HEAD}<", LONG, 200, f"/>{TAIL}"),
    "depth": (HEAD, b"<a>" * 1000, 400, f"{'</a>' * 400_000}{TAIL}"),
    "a value of many elements": (
        f'{HEAD}<ItemData ItemOID="I">',
        b"<a/>" * 1000,
        1_000,
        f"</ItemData>{TAIL}",
    ),
}
READ = """
import sys
from pathlib import Path
from adapter.sources.odm import OdmFile
from tests.unit.sources.odm.files import declared, read
records, problems = read(OdmFile(Path(sys.argv[1]), declared()))
said = Path("/proc/self/status").read_text()  # what the program's own memory was at its highest
print(len(records), len(problems), int(said.split("VmHWM:")[1].split()[0]) >> 10)
"""


@pytest.mark.parametrize("name", BOMBS)
def test_what_would_fill_the_memory_is_refused(tmp_path: Path, name: str) -> None:
    with (tmp_path / "study.xml").open("wb") as file:
        file.writelines(pieces(*BOMBS[name]))

    # In a process of its own: what the other tests took is not what this takes.
    told = subprocess.run(
        [sys.executable, "-c", READ, tmp_path / "study.xml"],
        capture_output=True,
        check=True,
        timeout=300,
        cwd=ROOT,
    )

    records, problems, most_mib = map(int, told.stdout.split())
    assert (records, problems) == (0, 1)
    assert most_mib < 150


def test_more_values_of_one_subject_than_can_be_true_keep_it_back(tmp_path: Path) -> None:
    values = "".join(item(f"I.{number}", "x" * 9_000_000) for number in range(15))

    records, problems = read(opened(tmp_path, odm(clinical(subject(vitals(values), "large"), OK))))

    assert [record.participant for record in records] == ["1"]
    assert [problem.origin.record for problem in problems] == ["large"]
    assert "MiB of values" in problems[0].expected


def test_more_definitions_than_can_be_true_are_refused(tmp_path: Path) -> None:
    label = f"<Question><TranslatedText>{'x' * 9_000_000}</TranslatedText></Question>"
    items = "".join(
        f'<ItemDef OID="{number}" Name="x" DataType="text">{label}</ItemDef>'
        for number in range(15)
    )

    problem = refused(tmp_path, odm("", METADATA.replace("<CodeList ", f"{items}<CodeList ", 1)))

    assert "MiB of definitions" in problem.expected


def test_groups_that_refer_to_each_other_without_end_are_each_read_once(tmp_path: Path) -> None:
    refs = "".join(
        f'<ItemGroupRef ItemGroupOID="G{number}" Mandatory="No"/>' for number in range(40)
    )
    groups = "".join(
        f'<ItemGroupDef OID="G{number}" Name="G" Repeating="No">{refs}'
        f'<ItemRef ItemOID="I.PULSE" Mandatory="No"/></ItemGroupDef>'
        for number in range(40)
    )
    looped = METADATA.replace("</MetaDataVersion>", f"{groups}</MetaDataVersion>").replace(
        '<ItemGroupRef ItemGroupOID="IG.VITALS" Mandatory="Yes"/>', refs
    )

    shapes = opened(tmp_path, odm("", looped)).shapes

    assert list(shapes["F.VITALS"].fields) == ["I.PULSE"]


def test_more_items_in_all_forms_than_can_be_true_are_refused(tmp_path: Path) -> None:
    ref = '<ItemGroupRef ItemGroupOID="G" Mandatory="No"/>'
    forms = "".join(
        f'<FormDef OID="F{number}" Name="F" Repeating="No">{ref}</FormDef>' for number in range(510)
    )
    items = "".join(f'<ItemRef ItemOID="I{number}" Mandatory="No"/>' for number in range(1_000))
    defined = "".join(
        f'<ItemDef OID="I{number}" Name="I" DataType="text"/>' for number in range(1_000)
    )
    group = f'<ItemGroupDef OID="G" Name="G" Repeating="No">{items}</ItemGroupDef>'
    metadata = (
        f'<Study OID="S"><MetaDataVersion OID="V">{forms}{group}{defined}</MetaDataVersion></Study>'
    )

    assert "items in all forms" in refused(tmp_path, odm("", metadata)).expected


def test_a_subject_that_the_file_comes_back_to_is_given_once_and_whole(tmp_path: Path) -> None:
    first = [subject(vitals(item("I.PULSE", str(number))), f"s{number}") for number in range(9)]
    second = [subject(vitals(item("I.MOOD", "1")), f"s{number}") for number in (7, 3, 5)]

    records, problems = read(opened(tmp_path, odm(clinical(*first) + clinical(*second))))

    assert problems == []
    told = {record.participant: dict(record.values) for record in records}
    assert len(records) == len(told) == 9
    assert told["s3"] == {"I.PULSE": "3", "I.MOOD": "1"}
    assert told["s4"] == {"I.PULSE": "4"}


def test_subjects_that_the_file_comes_back_to_are_put_together_some_at_a_time(
    tmp_path: Path,
) -> None:
    names = [f"s{number}" for number in range(3 * TOGETHER)]
    first = [subject(vitals(item("I.PULSE", "60")), name) for name in [*names, "alone"]]
    second = [subject(vitals(item("I.MOOD", "1")), name) for name in reversed(names)]
    bad = '<SubjectData SubjectKey=""/>'

    records, problems = read(opened(tmp_path, odm(clinical(*first, bad, *second))))

    assert len(problems) == 1
    assert len(records) == len(names) + 1
    assert {record.participant for record in records} == {*names, "alone"}
    assert all(len(record.values) == 2 for record in records if record.participant != "alone")


def test_two_studies_that_have_the_same_number_are_not_mixed(tmp_path: Path) -> None:
    text = odm(clinical(OK) + clinical(OK, study_oid="OTHER"))

    records, problems = read(opened(tmp_path, text))

    assert records == []
    assert [problem.found for problem in problems] == ["it in two studies of the file"]


def test_the_moment_that_a_file_tells_of_is_known(tmp_path: Path) -> None:
    text = odm("", CreationDateTime="2024-05-01T09:00:00", AsOfDateTime="2024-04-30T23:00:00Z")

    as_of = opened(tmp_path, text).as_of

    assert as_of is not None
    assert as_of.isoformat() == "2024-04-30T23:00:00+00:00"
    assert opened(tmp_path, odm("")).as_of is None


@pytest.mark.parametrize("name", ["", " ", "&#10;"])
def test_a_subject_without_a_name_is_told(tmp_path: Path, name: str) -> None:
    records, (problem,) = read(opened(tmp_path, odm(clinical(subject("", name), OK))))

    assert [record.participant for record in records] == ["1"]
    assert (problem.field, problem.found) == ("SubjectKey", "nothing")
