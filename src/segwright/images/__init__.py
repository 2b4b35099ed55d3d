"""Any file to one Image type, and the geometry of tiles."""

from segwright.images.header import IMAGE_SUFFIXES
from segwright.images.image import Image
from segwright.images.limits import ReadLimits
from segwright.images.read import decode_image, image_size_hw, read_image, read_index
from segwright.images.tiling import Tile, blend_window, tile_grid
from segwright.images.write import write_png

__all__ = [
    "IMAGE_SUFFIXES",
    "Image",
    "ReadLimits",
    "Tile",
    "blend_window",
    "decode_image",
    "image_size_hw",
    "read_image",
    "read_index",
    "tile_grid",
    "write_png",
]
