"""COCO JSON and COCO panoptic."""
