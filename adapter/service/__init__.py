"""Settings become a running adapter: the only clock, the only wiring.

Everything below takes what it needs as arguments; here it is found and put together.
"""

from adapter.service.clock import now
from adapter.service.declarations import Declarations
from adapter.service.running import Service, open_service
from adapter.service.wording import read_declarations

__all__ = [
    "Declarations",
    "Service",
    "now",
    "open_service",
    "read_declarations",
]
