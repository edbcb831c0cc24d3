"""Scoring: from a Response to its Scores. Pure, in Decimal, and never a guess."""

from adapter.scoring.score import CONTRADICTION, Score, band_of, score_response

__all__ = ["CONTRADICTION", "Score", "band_of", "score_response"]
