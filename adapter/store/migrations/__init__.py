"""The numbered steps from one schema of the ledger to the next, up and down; run by Alembic."""
