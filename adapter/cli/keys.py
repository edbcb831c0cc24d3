"""`adapter keys`: makes a key pair to sign in with."""

from __future__ import annotations

import argparse

from adapter.cli import show
from adapter.service.keys import make_key


def run_keys(said: argparse.Namespace) -> int:
    """Writes the private key and the public set; says where, and nothing of what they hold."""
    private, public = make_key(said.out, said.kid, said.algorithm)
    show.done({"kid": said.kid, "private": str(private), "public": str(public)}, as_json=said.json)
    return 0
