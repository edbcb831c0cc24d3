"""Record systems that behave like real ones, for tests, demonstrations and integrators."""

from adapter.fhir.operation_outcome import RefusalError
from adapter.simulate.app import record_system_app
from adapter.simulate.bearer import Bearer
from adapter.simulate.chance import Chance, parse_rates
from adapter.simulate.faults import FAULTS, FaultLayer
from adapter.simulate.full import RecordSystem
from adapter.simulate.personalities import PERSONALITIES
from adapter.simulate.personality import FULL, Personality, Site
from adapter.simulate.serve import Tls, serve, serving

__all__ = [
    "FAULTS",
    "FULL",
    "PERSONALITIES",
    "Bearer",
    "Chance",
    "FaultLayer",
    "Personality",
    "RecordSystem",
    "RefusalError",
    "Site",
    "Tls",
    "parse_rates",
    "record_system_app",
    "serve",
    "serving",
]
