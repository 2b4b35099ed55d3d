"""Contours that move over the image until they fit it."""
