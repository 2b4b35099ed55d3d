"""Label Studio (JSON export)."""
