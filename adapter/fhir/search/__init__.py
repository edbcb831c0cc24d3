"""Search as R4 defines it: the parameters of each type, what it is found by, what is asked.

https://hl7.org/fhir/R4/search.html. Pure: nothing here finds; `store/search.py` does.
"""
