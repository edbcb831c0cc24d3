"""Check digits: the wrong codes in circulation are found, the right ones pass."""

from __future__ import annotations

import pytest

from adapter.instruments.codes import check_digit_holds
from adapter.instruments.form import Code

# Each was found in a published list or page.
WRONG_LOINC = ["44259-2", "44258-4", "86351-6", "83792-6", "65625-0"]
RIGHT_LOINC = """
44249-1 44250-9 44251-7 44252-5 44253-3 44254-1 44255-8 44258-2 44259-0 44260-8 44261-6 44262-4
55758-7 61583-1 61597-1 61607-8 61609-4 61635-9 61757-1 61758-9 61759-7 61761-3 61762-1 61763-9
61769-6 61771-2 61773-8 61775-3 61777-9 61794-4 61864-5 61865-2 61878-5 61923-9 61941-1 61942-9
61949-4 61953-6 61955-1 61967-6 61973-4 61986-6 61987-4 61998-1 61999-9 62193-8 62337-1 64394-0
66821-0 66822-8 66823-6 66824-4 66825-1 66826-9 66827-7 66828-5 66829-3 66830-1 68509-9 69689-8
69722-7 69724-3 69725-0 69733-4 69734-2 69735-9 69736-7 69737-5 70220-9 70221-7 70222-5 70223-3
70224-1 70225-8 70226-6 70227-4 70228-2 70229-0 70230-8 70231-6 70232-4 70233-2 70234-0 70235-7
70236-5 70237-3 70272-0 70274-6 71955-9 71956-7 71957-5 71958-3 71959-1 71960-9 71961-7 71962-5
71963-3 71964-1 71965-8 71966-6 71967-4 71968-2 72514-3 75417-6 75870-6 75871-4 75893-8 76345-8
76708-7 76709-5 76712-9 76883-8 76884-6 77564-3 77565-0 77566-8 77567-6 77568-4 77569-2 77570-0
77571-8 77572-6 77824-1 77833-2 77860-5 77861-3 77862-1 77864-7 77865-4 89208-3 89209-1 89210-9
89211-7 89924-5 90971-3 90972-1 90973-9 90974-7 91145-3 91146-1 91147-9 91148-7 91527-2 91528-0
91721-1 93245-9 93373-9 93374-7 101697-1 101698-9 106860-0 106875-8 LA6111-4 LA6112-2 LA6113-0
LA6114-8 LA6115-5 LA6270-8 LA6568-5 LA6569-3 LA6570-1 LA6571-9 LA6572-7 LA6573-5 LA6574-3 LA6575-0
LA6708-7 LA6709-5 LA6710-3 LA6711-1 LA6712-9 LA10082-8 LA10137-0 LA10138-8 LA10139-6 LA10140-4
LA10141-2 LA13863-8 LA13866-1 LA13902-4 LA13909-9 LA13914-9 LA13942-0 LA14985-8 LA16644-9
LA18938-3 LL358-3 LL359-1 LL382-3 LL1017-4 LL1625-4
"""
RIGHT_SNOMED = """
1284852002 273904000 1144796009 273306008 273830002 304768008 758711000000105 720433000 704501007
445455005 865935003 1371335000 481281000000100 1367648000 454481000124101 699200007 1144752009
304753007 494711000000101 443223005 717351001 714287004 73041000052103 736534008 736535009
763234008 457941000124109 865998003 405780009 1144665009 713605006 720211004 260413007 255604002
6736007 371924009 24484000
"""


@pytest.mark.parametrize("code", WRONG_LOINC)
def test_a_mistyped_loinc_number_is_found(code: str) -> None:
    holds = check_digit_holds(Code(system="loinc", code=code))

    assert not holds


@pytest.mark.parametrize("code", RIGHT_LOINC.split())
def test_a_loinc_number_passes(code: str) -> None:
    holds = check_digit_holds(Code(system="loinc", code=code))

    assert holds


@pytest.mark.parametrize("code", RIGHT_SNOMED.split())
def test_a_snomed_ct_code_passes(code: str) -> None:
    holds = check_digit_holds(Code(system="snomed", code=code))

    assert holds


@pytest.mark.parametrize(
    "code", ["1284852003", "1284852020", "720433001", "702433000", "44259-0", "12345", "1" * 19]
)
def test_a_mistyped_snomed_ct_code_is_found(code: str) -> None:
    holds = check_digit_holds(Code(system="snomed", code=code))

    assert not holds


@pytest.mark.parametrize(
    "code",
    ["44259", "44259-", "-0", "LX6568-5", "44259-0 ", "44259-00", "a44259-0", "44295-0", "44259-1"],
)
def test_what_does_not_look_like_a_loinc_number_is_none(code: str) -> None:
    holds = check_digit_holds(Code(system="loinc", code=code))

    assert not holds


@pytest.mark.parametrize(
    ("system", "wrong"),
    [("http://loinc.org", "44259-2"), ("http://snomed.info/sct", "1284852003")],
    ids=["LOINC", "SNOMED CT"],
)
def test_a_system_named_by_its_url_is_checked_as_well(system: str, wrong: str) -> None:
    holds = check_digit_holds(Code(system=system, code=wrong))

    assert not holds


@pytest.mark.parametrize("system", ["ucum", "https://example.org/codes"])
def test_codes_of_other_systems_have_no_check_digit(system: str) -> None:
    holds = check_digit_holds(Code(system=system, code="44259-2"))

    assert holds
