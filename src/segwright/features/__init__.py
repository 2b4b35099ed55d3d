"""Hand-crafted features of pixels and regions: arrays in, arrays out."""
