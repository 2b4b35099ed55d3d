"""Edges: where brightness or colour changes fast, and the regions that they enclose."""
