"""A REDCap server on this machine: its API over one project, for real clients to talk to."""

from adapter.simulate.redcap.app import redcap_app
from adapter.simulate.redcap.faults import FAULTS, FaultName, Faults
from adapter.simulate.redcap.project import Place, RedcapProject
from adapter.simulate.redcap.reading import ProjectFiles, make_project, open_project
from adapter.simulate.redcap.trigger import Trigger, tell_in_background

__all__ = [
    "FAULTS",
    "FaultName",
    "Faults",
    "Place",
    "ProjectFiles",
    "RedcapProject",
    "Trigger",
    "make_project",
    "open_project",
    "redcap_app",
    "tell_in_background",
]
