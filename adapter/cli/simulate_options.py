"""What every simulated system is told on the command line, and what is said of a wrong one."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from adapter.errors import DeclarationError, Origin, Problem
from adapter.simulate import Chance, Tls, parse_rates


def tls_of(said: argparse.Namespace) -> Tls | None:
    """The certificate and key that are named, None for none.

    Raises:
        DeclarationError: one of them is not there.
    """
    if said.tls and not all(path.is_file() for path in said.tls):
        raise wrong("--tls", "two PEM files: a certificate and its private key")
    return Tls(*said.tls) if said.tls else None


def chance_of(said: argparse.Namespace, faults: Mapping[str, str]) -> Chance:
    """What draws among these faults, at the rates and by the seed that are named.

    Raises:
        DeclarationError: an unknown fault, or a rate that is none.
    """
    try:
        rates = parse_rates(said.fault, faults)
    except ValueError:
        expected = f"NAME:RATE, a rate up to 1 in all, of: {', '.join(faults)}"
        raise wrong("--fault", expected) from None
    return Chance(rates, said.seed)


def wrong(setting: str, expected: str) -> DeclarationError:
    """The complaint that a setting is not what is expected, to be raised."""
    found, action = "something else", "Correct the command line."
    problem = Problem(Origin("command line"), setting, expected, found, action)
    return DeclarationError("Nothing can be simulated.", (problem,))
