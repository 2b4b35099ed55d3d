"""segwright: from a folder of images to a segmenter that can be trusted."""
