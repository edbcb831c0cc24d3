"""A REDCap project read through its API."""

from adapter.sources.redcap.api.connection import Clockwork, Connection
from adapter.sources.redcap.api.source import ApiSource, Reading, Since

__all__ = ["ApiSource", "Clockwork", "Connection", "Reading", "Since"]
