"""Scores with intervals, and the report that shows them."""
