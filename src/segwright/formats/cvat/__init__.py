"""CVAT for images 1.1 (XML)."""
