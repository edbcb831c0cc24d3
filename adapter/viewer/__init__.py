"""The clinician's page: what is known of one patient, on one screen.

`record` reads FHIR resources, whoever sent them; `chart` and `page` show what it read; `routes`
serves it to who signed in (`people`). No script runs in the browser, and nothing comes from
elsewhere.
"""
