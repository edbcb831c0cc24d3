"""A practice that takes HL7 v2 results: through a folder, or over MLLP."""

from adapter.simulate.hl7v2.folder import Folders, import_files, watching
from adapter.simulate.hl7v2.listing import practice_app
from adapter.simulate.hl7v2.mllp import MLLP_FAULTS, MllpFaults, mllp_serving
from adapter.simulate.hl7v2.people import Known, read_people
from adapter.simulate.hl7v2.practice import Practice

__all__ = [
    "MLLP_FAULTS",
    "Folders",
    "Known",
    "MllpFaults",
    "Practice",
    "import_files",
    "mllp_serving",
    "practice_app",
    "read_people",
    "watching",
]
