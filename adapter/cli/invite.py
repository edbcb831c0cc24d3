"""`adapter invite`: a link that lets somebody look at the pages, once."""

from __future__ import annotations

import argparse

from adapter.cli.opening import opened
from adapter.cli.terminal import document
from adapter.service.viewing import invitation


def run_invite(said: argparse.Namespace) -> int:
    """Prints the link: whoever has it first is taken for that person."""
    with opened(said) as service:
        link = invitation(service, said.name)
    if said.json:
        document({"name": said.name, "link": link})
    else:
        print(link)
    return 0
