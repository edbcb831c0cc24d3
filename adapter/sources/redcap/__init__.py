"""REDCap projects: the data dictionary, and records as REDCap exports them."""

from adapter.sources.redcap.dictionary import Dictionary, Field, read_dictionary
from adapter.sources.redcap.records import RecordsFile

__all__ = ["Dictionary", "Field", "RecordsFile", "read_dictionary"]
