"""Records → responses → stored versions and what is owed: the middle of the way."""

from adapter.ingest.run import ingest
from adapter.ingest.trial import Trial
from adapter.ingest.work import Ledger, Report, Snapshot

__all__ = ["Ledger", "Report", "Snapshot", "Trial", "ingest"]
