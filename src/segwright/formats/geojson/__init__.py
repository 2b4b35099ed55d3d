"""GeoJSON in pixels or in map coordinates."""
