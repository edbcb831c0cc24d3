"""The arguments of `adapter simulate`, and a line on each record system that it can be.

The lines stand here once more, because asking for help must not load a server; a test compares.
"""

from __future__ import annotations

import argparse
from pathlib import Path

FHIR_KINDS = {
    "full": "a FHIR server of full capability: transactions, conditions, every interaction",
    "vitals-only": (
        "single Observations of vital signs and laboratory, final ones, updates with If-Match"
    ),
    "unsigned-queue": (
        "Observations and text notes, which wait, out of sight, until somebody signs them"
    ),
    "create-only": (
        "final Observations and text notes by POST; nothing is ever updated, or looked up first"
    ),
    "questionnaire-only": (
        "QuestionnaireResponses, created and updated one at a time; Observations only to be read"
    ),
    "racing": "a full FHIR server whose conditional creates race: two at once both create",
}
PRACTICE_KINDS = {
    "v2-folder": "a practice that imports HL7 v2 results from a folder and lays acknowledgements",
    "v2-mllp": (
        "a practice that takes HL7 v2 results over MLLP: AA, AE for content, AR for the header"
    ),
}
KINDS = {
    **FHIR_KINDS,
    **PRACTICE_KINDS,
    "redcap": "a REDCap server: the API over one project, to read and to change",
}
REDCAP_TOKEN = "0123456789ABCDEF0123456789ABCDEF"  # noqa: S105 - of synthetic data


def add_simulate(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `adapter simulate` to the commands."""
    kinds = "\n".join(f"  {name:20}{says}" for name, says in KINDS.items())
    parser = commands.add_parser(
        "simulate",
        help="run a record system to develop against",
        description=f"Runs a record system on this machine.\n\n{kinds}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "personality", choices=tuple(KINDS), metavar="PERSONALITY", help="see above"
    )
    parser.add_argument("--port", type=int, default=8090, help="on 127.0.0.1")
    parser.add_argument("--token", help="lets in; left out: FHIR needs none, redcap a known one")
    parser.add_argument("--tls", nargs=2, type=Path, metavar=("CERT", "KEY"), help="PEM files")
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="NAME:RATE",
        help="a share of the requests that meets a fault; redcap: NAME, which meets the next one",
    )
    parser.add_argument("--load", type=Path, help="NDJSON of what it has: its Patients, to begin")
    parser.add_argument("--seed", type=int, default=1, help="what the faults are drawn from")
    _add_fhir(parser.add_argument_group("FHIR"))
    _add_practice(parser.add_argument_group("v2-folder, v2-mllp"))
    _add_redcap(parser.add_argument_group("redcap"))


def _add_fhir(fhir: argparse._ArgumentGroup) -> None:
    fhir.add_argument("--data", type=Path, help="a file to keep its resources in")
    fhir.add_argument(
        "--code",
        action="append",
        default=[],
        metavar="SYSTEM|CODE",
        help="a code that this site files; left out: any",
    )
    fhir.add_argument(
        "--needs-encounter", action="store_true", help="a result must name the visit it belongs to"
    )
    fhir.add_argument(
        "--sign-after", type=float, metavar="SECONDS", help="when somebody signs what waits"
    )
    fhir.add_argument(
        "--largest-page", type=int, default=1000, metavar="N", help="cuts pages of a search to N"
    )
    fhir.add_argument(
        "--clock-skew", type=float, default=0, metavar="SECONDS", help="its clock is ahead by this"
    )


def _add_practice(practice: argparse._ArgumentGroup) -> None:
    practice.add_argument("--mllp-port", type=int, default=2575, help="where messages are taken")
    practice.add_argument("--incoming", type=Path, metavar="DIR", help="where messages are laid")
    practice.add_argument(
        "--acknowledgements", type=Path, metavar="DIR", help="where acknowledgements are laid"
    )


def _add_redcap(redcap: argparse._ArgumentGroup) -> None:
    redcap.add_argument("--dictionary", type=Path, help="the data dictionary (CSV)")
    redcap.add_argument("--records", type=Path, help="the records (CSV, raw, flat)")
    redcap.add_argument("--events", type=Path, help="the events (CSV); left out: from the records")
    redcap.add_argument("--mapping", type=Path, help="which form is asked in which event (CSV)")
    redcap.add_argument("--timezone", default="UTC", help="the server's zone")
    redcap.add_argument("--trigger", metavar="URL", help="what is told of every form that is saved")
