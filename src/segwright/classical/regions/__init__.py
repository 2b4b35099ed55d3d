"""Methods that find regions: growing, splitting, flooding, merging, superpixels."""
