"""segmentation_models.pytorch (MIT), trained as its examples train.

Source: https://github.com/qubvel-org/segmentation_models.pytorch, folder examples: networks,
encoders, batch sizes and loss of the three notebooks named below; Adam at 2e-4 with cosine decay
to 1e-5, 320×320 crops and the augmentations of camvid_segmentation_multiclass.ipynb in all three.
Encoders start from random weights, where the examples fetch those of ImageNet.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import albumentations as A
import segmentation_models_pytorch as smp
import torch
from torch.nn import functional

from peers.budgeted import batches, train_within
from peers.pictures import IGNORED, class_names, pairs, read_ids, read_rgb, write_ids
from peers.task import Prediction, Training, perform

_CROP = 320
_PEAK, _LAST = 2e-4, 1e-5
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Setting:
    """A network and its batch size."""

    architecture: str
    encoder: str
    batch_size: int


SETTINGS = {
    "unet-resnet34": Setting("Unet", "resnet34", 8),  # binary_segmentation_buildings.py
    "fpn-resnet34": Setting("FPN", "resnet34", 16),  # binary_segmentation_intro.ipynb
    "fpn-resnext50": Setting("FPN", "resnext50_32x4d", 32),  # camvid_segmentation_multiclass.ipynb
}


class Crops(torch.utils.data.Dataset):
    """Augmented crops, read from disk each time as in the examples."""

    def __init__(self, files) -> None:
        self._files = files
        self._augment = augmentation()

    def __len__(self) -> int:
        return len(self._files)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        image, mask = self._files[index]
        changed = self._augment(image=read_rgb(image), mask=read_ids(mask))
        pixels = torch.from_numpy(changed["image"].transpose(2, 0, 1).copy())
        return pixels, torch.from_numpy(changed["mask"]).long()


def augmentation() -> A.Compose:
    """That of the CamVid example; what is padded is ignored."""
    return A.Compose(
        [
            A.HorizontalFlip(p=0.5),
            A.ShiftScaleRotate(
                scale_limit=0.5,
                rotate_limit=0,
                shift_limit=0.1,
                p=1,
                border_mode=0,
                fill_mask=IGNORED,
            ),
            A.PadIfNeeded(_CROP, _CROP, border_mode=0, fill_mask=IGNORED),
            A.RandomCrop(_CROP, _CROP),
            A.GaussNoise(p=0.2),
            A.Perspective(p=0.5, fill_mask=IGNORED),
            A.OneOf([A.CLAHE(p=1), A.RandomBrightnessContrast(p=1), A.RandomGamma(p=1)], p=0.9),
            A.OneOf([A.Sharpen(p=1), A.Blur(blur_limit=3, p=1), A.MotionBlur(p=1)], p=0.9),
            A.OneOf([A.RandomBrightnessContrast(p=1), A.HueSaturationValue(p=1)], p=0.9),
        ]
    )


class Normalised(torch.nn.Module):
    """The network behind ImageNet's mean and spread, which the examples keep inside the model."""

    def __init__(self, setting: Setting, num_classes: int) -> None:
        super().__init__()
        self.network = smp.create_model(
            setting.architecture,
            encoder_name=setting.encoder,
            encoder_weights=None,
            in_channels=3,
            classes=num_classes,
        )
        for name, values in (("mean", _MEAN), ("std", _STD)):
            self.register_buffer(name, 255 * torch.tensor(values).view(1, 3, 1, 1))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Logits (B, K, Y, X) of (B, 3, Y, X) uint8; sides must be multiples of 32."""
        return self.network((images - self.mean) / self.std)


def train(task: Training) -> None:
    torch.manual_seed(task.seed)
    setting = SETTINGS[task.setting]
    model = Normalised(setting, len(class_names(task.data)))
    dice = smp.losses.DiceLoss("multiclass", from_logits=True, ignore_index=IGNORED)
    train_within(
        task,
        batches(Crops(pairs(task.data, "train")), setting.batch_size),
        model=model,
        optimiser=torch.optim.Adam(model.parameters(), lr=_PEAK),
        loss=lambda images, targets: dice(model(images), targets),
        rate=lambda share: (
            (_LAST + 0.5 * (_PEAK - _LAST) * (1 + math.cos(math.pi * share))) / _PEAK
        ),
    )


@torch.no_grad()
def predict(task: Prediction) -> None:
    model = Normalised(SETTINGS[task.setting], len(class_names(task.data))).eval()
    model.load_state_dict(torch.load(task.run / "model.pt", weights_only=True))
    for image, _ in pairs(task.data, task.split):
        write_ids(task.masks / f"{image.stem}.png", segmented(model, image))


def segmented(model: Normalised, image: Path):
    """Class ids of a picture, which is padded to multiples of 32 as in the CamVid example."""
    pixels = torch.from_numpy(read_rgb(image)).permute(2, 0, 1)[None].float()
    height, width = pixels.shape[-2:]
    padded = functional.pad(pixels, (0, -width % 32, 0, -height % 32))
    return model(padded)[0, :, :height, :width].argmax(0).numpy()


if __name__ == "__main__":
    perform(train, predict)
