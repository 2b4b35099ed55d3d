"""YOLO: a text file of polygons or boxes a picture."""
