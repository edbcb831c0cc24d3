"""One module a step, in the order of its number."""
