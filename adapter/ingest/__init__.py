"""Records → responses → stored versions and what is owed: the middle of the way.

`adapter.ingest.run` goes it; who only looks at what it gave need not import it.
"""

from adapter.ingest.trial import Trial
from adapter.ingest.work import Ledger, Report, Snapshot

__all__ = ["Ledger", "Report", "Snapshot", "Trial"]
