"""Takes a ledger from its schema to another, by the numbered steps in `migrations`, with Alembic.

All steps are one transaction: a process that dies in the midst leaves the ledger as it was.
Source: https://alembic.sqlalchemy.org/en/latest/api/runtime.html
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import NullPool, create_engine, event
from sqlalchemy.exc import OperationalError

from adapter.errors import LedgerError
from adapter.store.schema import SCHEMA_VERSION
from adapter.store.transaction import Engine

_STEPS = "adapter.store:migrations"


def migrate(engine: Engine, to: int = SCHEMA_VERSION) -> None:
    """Brings a ledger to a version, up or down; 0 takes every table of ours away.

    Raises:
        LedgerError: there is no room for it, or the database is away.
    """
    config = Config()
    config.set_main_option("script_location", _STEPS)
    script = ScriptDirectory.from_config(config)
    target = f"{to:04}" if to else "base"

    def steps(here: Any, _: MigrationContext) -> Iterable[Any]:  # noqa: ANN401 - Alembic's own
        goes_down = bool(here) and int(here[0]) > to
        way = script._downgrade_revs if goes_down else script._upgrade_revs  # noqa: SLF001 - as
        return way(target, here)  # Alembic's own commands do

    reached = create_engine(engine.alchemy_url, poolclass=NullPool)
    if engine.dialect == "sqlite":
        # The driver's own idea of when a transaction begins would leave tables out of it.
        event.listen(reached, "connect", lambda driver, _: setattr(driver, "isolation_level", None))
    event.listen(
        reached, "begin", lambda connection: connection.exec_driver_sql(engine.begin_alone)
    )
    try:
        with reached.begin() as connection, EnvironmentContext(config, script, fn=steps) as context:
            context.configure(connection=connection)
            context.run_migrations()
    except OperationalError as wrong:
        raise LedgerError(
            f"{engine.name}: expected a ledger that can be brought to schema {to}; found: "
            f"{wrong.orig}. It is as it was; make room or free it, then run this again."
        ) from wrong
    finally:
        reached.dispose()
