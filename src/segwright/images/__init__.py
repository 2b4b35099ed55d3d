"""Any file to one Image type, and back."""

from segwright.images.header import IMAGE_SUFFIXES
from segwright.images.image import Image
from segwright.images.limits import ReadLimits
from segwright.images.read import decode_image, image_size_hw, read_image, read_index
from segwright.images.write import write_png

__all__ = [
    "IMAGE_SUFFIXES",
    "Image",
    "ReadLimits",
    "decode_image",
    "image_size_hw",
    "read_image",
    "read_index",
    "write_png",
]
