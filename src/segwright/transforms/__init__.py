"""Image and label augmentation: one warp per sample, then photometric changes.

    AugmentConfig   what may change and how much; every value off by default
    Augmentation    the config applied: (pixels, ids) of any size → a training crop
    CropFocus       where to look: crop centres that bring up rare classes

Everything is a pure function of its inputs and of the `rng` it is given.
"""

from segwright.transforms.augmentation import Augmentation
from segwright.transforms.config import AugmentConfig
from segwright.transforms.crop_focus import CropFocus

__all__ = ["AugmentConfig", "Augmentation", "CropFocus"]
