"""Any file to one Image type, and the geometry of tiles."""
