"""Responses and scores as R4 resources, each valid at birth."""
