"""FHIR over HTTP, out of the ledger: what `adapter serve` answers with.

A reader gets the ledger's own texts, if the release gate lets them through for who asks.
"""

from adapter.server.api import Api
from adapter.server.app import api_app
from adapter.server.caller import Caller
from adapter.server.ledger import Ledger

__all__ = ["Api", "Caller", "Ledger", "api_app"]
