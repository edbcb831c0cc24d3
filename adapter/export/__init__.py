"""Bulk files of what the ledger holds."""
