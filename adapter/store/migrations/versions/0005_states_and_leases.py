"""An order of its own for versions, deliveries and rejections; transitions, leases, pace, parking.

Revision ID: 0005
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from alembic import op

from adapter.store.schema import guards, tables

revision = "0005"
down_revision = "0004"

_VERSION = "type, id, version, unit, participant, form, is_retracted, hash, text, created"
_DELIVERY = (
    "seq, clinic, type, id, version, action, unit, participant, form, {state}, rule, reason,"
    " attempts, remote_version, created, updated"
)
_REJECTION = "file, line, record, event, form, field, expected, found, action, severity, run"
_REBUILT = ("version", "delivery", "rejection")
_INDEXES = (
    *("version_by_unit", "version_by_participant", "delivery_by_state", "delivery_by_resource"),
    *("delivery_by_unit", "delivery_by_participant", "rejection_by_run"),
)


def upgrade() -> None:
    """Makes the three tables anew around what they hold, and the new ones beside them."""
    run, dialect = op.get_bind().exec_driver_sql, op.get_bind().dialect.name
    # Rows lay in the order they came in: SQLite by rowid. No ledger of schema 4 was on PostgreSQL.
    order = "rowid" if dialect == "sqlite" else "ctid"
    _set_aside(run, dialect)
    for statement in _of_these(tables("schema.sql", dialect), also_new=True):
        run(statement)
    run(f"INSERT INTO version ({_VERSION}) SELECT {_VERSION} FROM old_version ORDER BY {order}")
    columns = _DELIVERY.format(state="state")
    run(f"INSERT INTO delivery ({columns}) SELECT {columns} FROM old_delivery")
    run(
        f"INSERT INTO rejection ({_REJECTION})"
        f" SELECT {_REJECTION} FROM old_rejection ORDER BY {order}"
    )
    run("UPDATE place SET last = (SELECT coalesce(max(seq), 0) FROM delivery)")
    _drop_old(run)
    for statement in guards(dialect):
        run(statement)
    if dialect == "sqlite":
        run("PRAGMA user_version = 5")


def downgrade() -> None:
    """Makes the tables as they were; what waits for a signature counts as accepted again."""
    run, dialect = op.get_bind().exec_driver_sql, op.get_bind().dialect.name
    for table in ("parked", "pace", "lease", "place"):
        run(f"DROP TABLE {table}")
    for trigger in ("delivery_begins", "delivery_goes_on"):
        run(f"DROP TRIGGER {trigger}" + (" ON delivery" if dialect == "postgresql" else ""))
    if dialect == "postgresql":
        run("DROP FUNCTION delivery_transition")
    _set_aside(run, dialect)
    for statement in _of_these(tables("migrations/schema_4.sql", dialect), also_new=False):
        run(statement)
    run(f"INSERT INTO version ({_VERSION}) SELECT {_VERSION} FROM old_version ORDER BY place")
    state = "CASE state WHEN 'awaiting' THEN 'accepted' ELSE state END"
    run(
        f"INSERT INTO delivery ({_DELIVERY.format(state='state')})"
        f" SELECT {_DELIVERY.format(state=state)} FROM old_delivery"
    )
    run(
        f"INSERT INTO rejection ({_REJECTION})"
        f" SELECT {_REJECTION} FROM old_rejection ORDER BY number"
    )
    if dialect == "postgresql":
        run(
            "SELECT setval(pg_get_serial_sequence('delivery', 'seq'),"
            " (SELECT coalesce(max(seq), 0) + 1 FROM delivery), false)"
        )
    _drop_old(run)
    if dialect == "sqlite":
        run("PRAGMA user_version = 4")


def _set_aside(run: Callable[[str], object], dialect: str) -> None:
    for index in _INDEXES:
        run(f"DROP INDEX {index}")
    for table in _REBUILT:
        run(f"ALTER TABLE {table} RENAME TO old_{table}")
        if dialect == "postgresql":  # an index keeps its name when its table is renamed
            run(f"ALTER INDEX IF EXISTS {table}_pkey RENAME TO old_{table}_pkey")


def _drop_old(run: Callable[[str], object]) -> None:
    for table in ("delivery", "version", "rejection"):
        run(f"DROP TABLE old_{table}")


def _of_these(statements: Iterator[str], *, also_new: bool) -> Iterator[str]:
    """Those that make the rebuilt tables, their indexes, and the new tables."""
    names = (*_REBUILT, *(("place", "lease", "pace", "parked") if also_new else ()))
    for statement in statements:
        words = statement.replace("IF NOT EXISTS ", "").split()
        name = words[4] if words[1] == "INDEX" else words[2]
        if name.removesuffix("(") in names:
            yield statement
