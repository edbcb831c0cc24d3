"""The roads to a clinic. Each takes what is outgoing and gives one Receipt for each, in order."""
