"""SMART's own Python client: signs in, reads, searches, pages; prints what it found as JSON.

Run with the base, the id of the client, and what it signed; in the environment of `foreign`.
"""

import json
import sys

from fhirclient.client import FHIRClient
from fhirclient.models.observation import Observation
from fhirclient.models.patient import Patient
from fhirclient.models.questionnaireresponse import QuestionnaireResponse

base, client, assertion = sys.argv[1:]
smart = FHIRClient(
    settings={
        "app_id": client,
        "api_base": base,
        "jwt_token": assertion,
        "scope": "system/*.read",
    }
)
smart.prepare()
smart.authorize()
server = smart.server
patients = Patient.where({}).perform_resources(server)
observed = list(
    Observation.where({"category": "survey", "_count": "40"}).perform_resources_iter(server)
)
one = Observation.read(observed[0].id, server)
first = QuestionnaireResponse.where({"_count": "1", "_sort": "-authored"}).perform(server)
sys.stdout.write(
    json.dumps(
        {
            "patients": sorted(each.id for each in patients),
            "observations": [each.id for each in observed],
            "read": one.as_json(),
            "pages": "next" in {link.relation for link in first.link},
        }
    )
)
