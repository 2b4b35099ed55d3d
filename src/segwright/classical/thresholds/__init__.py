"""Brightness against a threshold: one for the image, or one for each place."""
