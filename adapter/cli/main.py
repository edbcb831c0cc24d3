"""`adapter COMMAND`: reads the arguments, runs one command, gives its exit code.

What is asked for goes to stdout (one JSON document with `--json`); progress and messages go to
stderr.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from adapter.cli.ending import hearing_the_end
from adapter.cli.simulated import add_simulate
from adapter.errors import AdapterError

RUNGS = ("transaction", "single", "totals", "document", "hl7v2", "task")
_ALTHOUGH = "it is this one, although the identifiers of the Patient there are others"
_REPLACE = "also where another Patient has something: it is taken back there, and told anew"
Command = Callable[[argparse.Namespace], int]


def main(
    arguments: Sequence[str] | None = None, clock: Callable[[], datetime] | None = None
) -> int:
    """Runs one command; the exit codes are listed in the README.

    `clock` gives the present moment, aware; None for the machine's own.
    """
    said = _parser().parse_args(arguments)
    said.clock = clock
    try:
        with hearing_the_end(said.command):
            code = _command(said.command)(said)
        sys.stdout.flush()
    except AdapterError as wrong:
        print(wrong, file=sys.stderr)
        return wrong.exit_code
    except BrokenPipeError:  # whoever read our output has seen enough: the rest goes nowhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as wrong:  # noqa: BLE001 - the last resort: a traceback may hold an answer
        from adapter.cli.last_resort import told_without_words  # noqa: PLC0415 - hardly ever

        print(told_without_words(wrong), file=sys.stderr)
        return AdapterError.exit_code
    return code


def _command(name: str) -> Command:
    # Each command is imported when it is called: `adapter status` needs no HTTP server.
    from importlib import import_module  # noqa: PLC0415

    elsewhere = {
        **dict.fromkeys(("plan", "push", "verify"), "deliver"),
        **dict.fromkeys(("link", "candidates", "confirm"), "linking"),
        **dict.fromkeys(("retry", "filed", "withdraw"), "verbs"),
        **dict.fromkeys(("status", "signals"), "state"),
        "unblind": "audit",
    }
    module = f"adapter.cli.{elsewhere.get(name, name)}"
    command: Command = getattr(import_module(module), f"run_{name}")
    return command


@cache
def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="adapter",
        description="Carries a clinical trial's data into clinical records as FHIR R4, with proof.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_init(commands.add_parser("init", help="make first drafts of a study's files"))
    for name, says in (
        ("check", "read every mapping and the configuration, print all findings, send nothing"),
        ("ingest", "read the sources into the ledger"),
        ("plan", "tell what a push would do, per clinic; send nothing"),
        ("push", "deliver what is owed and released"),
        ("pull", "take in what people wrote at the clinics"),
        ("verify", "read back what clinics accepted and compare it"),
        ("sync", "ingest, push, pull and verify"),
        ("status", "deliveries per clinic and state, and what needs a person"),
        ("signals", "the safety signals that stand, for the trial's own staff"),
    ):
        command = _configured(commands.add_parser(name, help=says, description=says))
        if name == "check":
            command.add_argument(
                "--online", action="store_true", help="ask the clinics, too, what they can do"
            )
        if name == "plan":
            command.add_argument(
                "--explain", action="store_true", help="say which rung each form takes, and why"
            )
        if name in {"ingest", "pull", "sync"}:
            command.add_argument(
                "--full", action="store_true", help="read everything, not only what has changed"
            )
        if name in {"ingest", "sync"}:
            command.add_argument(
                "--restored",
                action="store_true",
                help="ledger and crosswalk come from an older copy: look before anything is sent",
            )
    _add_inbox(_configured(commands.add_parser("inbox", help="what came from clinics, and waits")))
    _add_listen(_configured(commands.add_parser("listen", help="pull when clinics say so")))
    retry = _configured(commands.add_parser("retry", help="try again what a clinic refused"))
    retry.add_argument("clinic", help="the clinic's id")
    retry.add_argument(
        "--forget",
        action="store_true",
        help="forget, too, whether its record system finds what it took: it was changed",
    )
    _add_move(commands)
    _add_linking(commands)
    _add_audit(commands)
    filed = _configured(
        commands.add_parser("filed", help="say that a task was done: the page is in the record")
    )
    filed.add_argument("clinic", help="the clinic's id")
    filed.add_argument("task", help="the task: the name of its page, without .pdf")
    withdraw = _configured(
        commands.add_parser("withdraw", help="record that somebody withdrew a consent")
    )
    withdraw.add_argument("record", help="the record in the trial's database")
    withdraw.add_argument("consent", help="the consent's id in the study file")
    export = _configured(commands.add_parser("export", help="write NDJSON of what may be known"))
    export.add_argument("--out", type=Path, required=True, help="the folder to write to")
    export.add_argument(
        "--purpose", choices=("research", "care"), default="research", help="who it is for"
    )
    export.add_argument("--type", default="", help="these types alone, with commas between")
    export.add_argument(
        "--since", default="", help="what changed after this instant: an earlier transactionTime"
    )
    export.add_argument(
        "--include-associated-data",
        default="",
        help="which Provenances come along: LatestProvenanceResources or "
        "RelevantProvenanceResources",
    )
    backup = _configured(commands.add_parser("backup", help="copy what it holds, while it works"))
    backup.add_argument("--out", type=Path, required=True, help="a new folder")
    serve = _configured(commands.add_parser("serve", help="FHIR over HTTP, out of the ledger"))
    serve.add_argument(
        "--host", default="127.0.0.1", help="the address of this machine to listen at"
    )
    serve.add_argument("--port", type=int, default=8000, help="the port to listen at")
    _add_place(serve)
    invite = _configured(
        commands.add_parser("invite", help="make a link that lets somebody look at the pages")
    )
    invite.add_argument("name", help="one of the people in [[serve.people]]")
    _add_keys(commands.add_parser("keys", help="make a key to sign in with at a clinic"))
    add_simulate(commands)
    demo = commands.add_parser("demo", help="the whole way on the bundled synthetic trial")
    demo.add_argument("--target", help="the base URL of a FHIR server to deliver to instead")
    demo.add_argument("--state", type=Path, default=Path(".demo"), help="where its state is left")
    return parser


def _add_place(serve: argparse.ArgumentParser) -> None:
    serve.add_argument("--workers", type=int, default=1, help="so many processes answer")
    serve.add_argument("--tls-cert", type=Path, help="PEM: our certificate, and those between")
    serve.add_argument("--tls-key", type=Path, help="PEM: its key, without a password")
    serve.add_argument(
        "--proxy-headers",
        default="",
        metavar="ADDRESSES",
        help="believe these proxies who asked (X-Forwarded-For and -Proto), by commas",
    )


def _add_init(parser: argparse.ArgumentParser) -> None:
    given = parser.add_mutually_exclusive_group(required=True)
    given.add_argument("--dictionary", type=Path, help="a REDCap data dictionary, CSV or JSON")
    given.add_argument("--odm", type=Path, help="an ODM file with metadata")
    parser.add_argument("--out", type=Path, required=True, help="the folder to write to")
    parser.add_argument("--records", type=Path, help="the export that goes with the dictionary")
    parser.add_argument("--events", type=Path, help="REDCap's list of events (CSV)")
    parser.add_argument(
        "--event-forms", type=Path, help="REDCap's list of forms and their events (CSV)"
    )
    parser.add_argument("--encoding", default="utf-8", help="of the dictionary, such as cp1252")
    parser.add_argument("--instruments", type=Path, help="the folder with the known form files")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")


def _add_audit(commands: Any) -> None:  # noqa: ANN401 - argparse does not name its type
    audit = _configured(
        commands.add_parser("audit", help="what was decided and done, and whether a line changed")
    )
    audit.add_argument("what", choices=("show", "fhir", "accesses", "verify"))
    audit.add_argument("--last", default="", help="verify: a hash that was kept elsewhere")
    unblind = _configured(
        commands.add_parser("unblind", help="make a person's arm known to a clinic")
    )
    unblind.add_argument("record", help="the record in the trial's database")
    unblind.add_argument("--clinic", required=True, help="the clinic's id")
    # A word of a list: what somebody writes freely could name somebody.
    reasons = ("emergency", "safety-report", "end-of-study", "request-of-regulator")
    unblind.add_argument("--reason", required=True, choices=reasons)


def _add_move(commands: Any) -> None:  # noqa: ANN401 - argparse does not name its type
    move = _configured(
        commands.add_parser("move", help="send what waits by another rung of a clinic")
    )
    move.add_argument("clinic", help="the clinic's id")
    # The rungs stand here once more, because asking for help must not load them; a test compares.
    move.add_argument("--to", required=True, choices=RUNGS, help="the rung")
    move.add_argument("--form", default="", help="the form's id; left out: all that can go so")
    move.add_argument(
        "--replace", action="store_true", help="take back what is there, then send it by the rung"
    )


def _add_linking(commands: Any) -> None:  # noqa: ANN401 - argparse does not name its type
    link = _configured(
        commands.add_parser("link", help="say which Patient of a clinic a record is")
    )
    link.add_argument("clinic", nargs="?", help="the clinic's id")
    link.add_argument("record", nargs="?", help="the record in the trial's database")
    link.add_argument("patient", nargs="?", help="the id of the Patient at the clinic")
    link.add_argument("--replace", action="store_true", help=_REPLACE)
    link.add_argument("--although-different", action="store_true", help=_ALTHOUGH)
    link.add_argument("--list", type=Path, help="CSV with the columns clinic, record, patient")
    told = "list who was found at a clinic and waits for a person's word"
    _configured(commands.add_parser("candidates", help=told))
    confirm = _configured(commands.add_parser("confirm", help="say which candidate a record is"))
    confirm.add_argument("clinic", help="the clinic's id")
    confirm.add_argument("record", help="the record in the trial's database")
    confirm.add_argument("patient", nargs="?", help="the id of the candidate")
    confirm.add_argument("--replace", action="store_true", help=_REPLACE)
    confirm.add_argument("--none", action="store_true", help="it is none of its candidates")


def _add_listen(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--url", required=True, help="where clinics reach this, with https")
    parser.add_argument("--port", type=int, default=8642, help="where it listens on this machine")
    parser.add_argument(
        "--every", type=float, default=15, metavar="MINUTES", help="ask each so often anyway"
    )
    parser.add_argument(
        "--pause", type=float, default=60, metavar="SECONDS", help="ask none again before"
    )
    parser.add_argument(
        "--off", action="store_true", help="remove our Subscriptions from the clinics, and end"
    )


def _add_inbox(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "what",
        nargs="?",
        choices=("list", "show", "take", "leave"),
        default="list",
        help="list them (without answers), show both sides of one, take it, or leave it",
    )
    parser.add_argument("number", nargs="?", type=int, help="which one, by its number in the list")
    parser.add_argument("--at", default="", help="the timepoint that it belongs to, for take")


def _add_keys(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "what", choices=("new", "crosswalk"), help="a pair to sign in, or a key of the crosswalk"
    )
    parser.add_argument("--kid", default="", help="new: the key's name, such as 2026-11")
    parser.add_argument("--algorithm", choices=("ES384", "RS384"), default="ES384")
    parser.add_argument("--out", type=Path, help="the folder, or the crosswalk's key file")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")


def _configured(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("--config", type=Path, default=Path("adapter.toml"), help="adapter.toml")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    return parser
