"""What people read of an outcome: text, PDF and HL7 v2, all from one stored document."""

from adapter.render.person import Person
from adapter.render.report import Line, Report, read_report

__all__ = ["Line", "Person", "Report", "read_report"]
