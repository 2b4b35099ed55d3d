"""Image and label augmentation: one warp per sample, then photometric changes.

    AugmentConfig   what may change and how much; every value off by default
    Augmentation    the config applied: (pixels, ids) of any size → a training crop
    CropFocus       where to look: crop centres that bring up rare classes

Everything is a pure function of its inputs and of the `rng` it is given. `Augmentation` is looked
up on first use: it alone needs OpenCV, and a plan holds an AugmentConfig without it.
"""

from typing import TYPE_CHECKING, Any

from segwright.transforms.config import AugmentConfig
from segwright.transforms.crop_focus import CropFocus

if TYPE_CHECKING:
    from segwright.transforms.augmentation import Augmentation

__all__ = ["AugmentConfig", "Augmentation", "CropFocus"]


def __getattr__(name: str) -> Any:
    if name != "Augmentation":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from segwright.transforms.augmentation import Augmentation

    return Augmentation
