"""torchvision's segmentation networks (BSD-3-Clause), trained as its reference script trains.

Source: https://github.com/pytorch/vision/tree/main/references/segmentation: train.py, presets.py
and, for the rates and decays of each network, README.md. SGD with momentum 0.9, a rate that falls
as (1 - t)^0.9, the auxiliary head's ten times as high, batches of 4, shorter sides of 260 … 1040
pixels, mirror images, 480×480 crops. From random weights, where the reference fetches the
encoder's.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch.nn import functional
from torchvision.models import segmentation
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as pictures

from peers.budgeted import batches, train_within
from peers.pictures import IGNORED, class_names, pairs, read_ids, read_rgb, write_ids
from peers.task import Prediction, Training, perform

_BASE, _CROP, _BATCH = 520, 480, 4
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Setting:
    """A network with the rate and decay of its row in the README."""

    network: str
    lr: float
    weight_decay: float
    auxiliary: bool


SETTINGS = {
    "fcn_resnet50": Setting("fcn_resnet50", 0.02, 1e-4, True),
    "deeplabv3_resnet50": Setting("deeplabv3_resnet50", 0.02, 1e-4, True),
    "lraspp_mobilenet_v3_large": Setting("lraspp_mobilenet_v3_large", 0.01, 1e-6, False),
}


class Crops(torch.utils.data.Dataset):
    """Resized, mirrored and cropped as the reference's preset for training does."""

    def __init__(self, files) -> None:
        self._files = files

    def __len__(self) -> int:
        return len(self._files)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        image, mask = self._files[index]
        pixels = torch.from_numpy(read_rgb(image)).permute(2, 0, 1)
        ids = torch.from_numpy(read_ids(mask))[None]
        side = int(torch.randint(_BASE // 2, 2 * _BASE + 1, ()))
        pixels = pictures.resize(pixels, [side], antialias=True)
        ids = pictures.resize(ids, [side], interpolation=v2.InterpolationMode.NEAREST)
        if torch.rand(()) < 0.5:
            pixels, ids = pictures.horizontal_flip(pixels), pictures.horizontal_flip(ids)
        height, width = pixels.shape[-2:]
        padding = [0, 0, max(_CROP - width, 0), max(_CROP - height, 0)]
        pixels, ids = pictures.pad(pixels, padding), pictures.pad(ids, padding, fill=IGNORED)
        top, left = (int(torch.randint(side - _CROP + 1, ())) for side in pixels.shape[-2:])
        pixels = pictures.crop(pixels, top, left, _CROP, _CROP)
        ids = pictures.crop(ids, top, left, _CROP, _CROP)
        return normalised(pixels), ids[0].long()


def normalised(pixels: torch.Tensor) -> torch.Tensor:
    """(3, Y, X) uint8 to floats by ImageNet's mean and spread."""
    return pictures.normalize(pictures.to_dtype(pixels, torch.float32, scale=True), _MEAN, _STD)


def built(setting: Setting, num_classes: int) -> torch.nn.Module:
    """The network from random weights."""
    auxiliary = {"aux_loss": True} if setting.auxiliary else {}
    build = getattr(segmentation, setting.network)
    return build(weights=None, weights_backbone=None, num_classes=num_classes, **auxiliary)


def rates(model: torch.nn.Module, setting: Setting) -> list[dict]:
    """Parameters with their peak rates."""
    groups = [{"params": part.parameters()} for part in (model.backbone, model.classifier)]
    if setting.auxiliary:
        groups.append({"params": model.aux_classifier.parameters(), "lr": 10 * setting.lr})
    return groups


def train(task: Training) -> None:
    torch.manual_seed(task.seed)
    setting = SETTINGS[task.setting]
    model = built(setting, len(class_names(task.data)))

    def loss(images: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        every = model(images)
        compared = {
            name: functional.cross_entropy(logits, targets, ignore_index=IGNORED)
            for name, logits in every.items()
        }
        return compared["out"] + 0.5 * compared.get("aux", 0.0)

    train_within(
        task,
        batches(Crops(pairs(task.data, "train")), _BATCH),
        model=model,
        optimiser=torch.optim.SGD(
            rates(model, setting),
            lr=setting.lr,
            momentum=0.9,
            weight_decay=setting.weight_decay,
        ),
        loss=loss,
        rate=lambda share: (1 - share) ** 0.9,
    )


@torch.no_grad()
def predict(task: Prediction) -> None:
    model = built(SETTINGS[task.setting], len(class_names(task.data))).eval()
    model.load_state_dict(torch.load(task.run / "model.pt", weights_only=True))
    for image, _ in pairs(task.data, task.split):
        pixels = torch.from_numpy(read_rgb(image)).permute(2, 0, 1)
        seen = normalised(pictures.resize(pixels, [_BASE], antialias=True))
        logits = model(seen[None])["out"]
        whole = functional.interpolate(logits, pixels.shape[-2:], mode="bilinear")
        write_ids(task.masks / f"{image.stem}.png", whole[0].argmax(0).numpy())


if __name__ == "__main__":
    perform(train, predict)
