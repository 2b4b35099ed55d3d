"""Annotation files to labels and back, one module per format."""
