"""CSV files of any origin: a contract says what stands in them, and they are held to it."""

from adapter.sources.table.contract import Contract, read_contract
from adapter.sources.table.records import TableFiles

__all__ = ["Contract", "TableFiles", "read_contract"]
