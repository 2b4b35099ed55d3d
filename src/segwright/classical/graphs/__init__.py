"""Methods that cut a graph of pixels or superpixels."""
