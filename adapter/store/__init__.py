"""The ledger: every version of every resource, what is owed to whom, and what became of it."""
