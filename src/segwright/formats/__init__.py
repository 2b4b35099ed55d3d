"""Annotation files to labels and back, one package per family of formats."""
