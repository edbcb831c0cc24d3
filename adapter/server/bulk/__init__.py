"""Bulk Data: what a client may know of the ledger, as files of one resource a line.

Source: FHIR Bulk Data Access 2.0.0, https://hl7.org/fhir/uv/bulkdata/STU2/export.html
"""

from adapter.server.bulk.desk import Desk
from adapter.server.bulk.routes import bulk_routes
from adapter.server.bulk.work import Worker

__all__ = ["Desk", "Worker", "bulk_routes"]
