"""The clinician's page from inside a record system: SMART App Launch, the app's side.

What the page shows is read from that record system with the token of who looks, and kept nowhere.

Source: https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html
"""

from adapter.viewer.launch.launches import Launches
from adapter.viewer.launch.registered import Registered
from adapter.viewer.launch.routes import launch_routes

__all__ = ["Launches", "Registered", "launch_routes"]
