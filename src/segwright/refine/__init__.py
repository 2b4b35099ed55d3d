"""What makes labels better after any segmenter: arrays in, arrays out."""
