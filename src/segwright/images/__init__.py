"""Any file to one Image type, and back."""

from segwright.images.header import IMAGE_SUFFIXES
from segwright.images.image import Image
from segwright.images.limits import ReadLimits
from segwright.images.raster import Raster
from segwright.images.read import (
    decode_image,
    image_size_hw,
    read_image,
    read_index,
    read_stored,
)
from segwright.images.write import write_png

__all__ = [
    "IMAGE_SUFFIXES",
    "Image",
    "Raster",
    "ReadLimits",
    "decode_image",
    "image_size_hw",
    "read_image",
    "read_index",
    "read_stored",
    "write_png",
]
