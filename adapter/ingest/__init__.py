"""Records → responses → stored versions and what is owed: the middle of the way."""

from adapter.ingest.run import ingest
from adapter.ingest.trial import Trial
from adapter.ingest.work import Ledger, Report, Source

__all__ = ["Ledger", "Report", "Source", "Trial", "ingest"]
