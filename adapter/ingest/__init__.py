"""Records → responses → stored versions and what is owed: the middle of the way."""

from adapter.ingest.run import Ledger, Report, Source, ingest
from adapter.ingest.trial import Trial

__all__ = ["Ledger", "Report", "Source", "Trial", "ingest"]
