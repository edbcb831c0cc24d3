"""Record systems that behave like real ones, for tests, demonstrations and integrators."""

from adapter.simulate.app import record_system_app
from adapter.simulate.full import RecordSystem
from adapter.simulate.serve import serve, serving

__all__ = ["RecordSystem", "record_system_app", "serve", "serving"]
