"""A network as a Segmenter: any image in, a result on the same pixels out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from segwright.errors import UsageError
from segwright.images.image import Image
from segwright.labels.classes import Classes
from segwright.labels.label_map import LabelMap
from segwright.prepare import Prepare
from segwright.refine.temperature import tempered, tempered_highest
from segwright.result.result import Result
from segwright.segmenter.preparation import Preparation
from segwright.segmenter.regrid import Bands, regridded
from segwright.segmenter.settings import RunSettings
from segwright.segmenter.tiles import Span, spans, woven

if TYPE_CHECKING:
    from segwright.segmenter.torch_runtime import Module

_FLIPPED_AXIS = {"y": -2, "x": -1}


class NetSegmenter:
    """A semantic network with everything that belongs to its use.

    An image goes through the steps of `prepare` and is normalised, resized by `scale`, extended by
    mirroring to what the network takes, run, and the scores are brought back to the image's own
    pixels before the class is decided. Images larger than `tile` are run in blended pieces, with
    scores in memory that do not grow with their height; the steps see all of an image at once.

    Args:
        model: The network; see `TorchRuntime` for what it maps to what. The segmenter owns it
            from here on: it is moved to `device` and switched to evaluation when run.
        classes: What its K outputs mean.
        preparation: How the pixels of a prepared image become its input.
        model_name: Its name in the catalogue, needed to save it.
        model_config: Configuration it was built with.
        device: "cpu", "cuda", "cuda:1", "mps".
        prepare: What is done to every image first; nothing by default.
        provenance: Where it comes from (data fingerprint, plan …), JSON values only; it is saved.
        settings: Fields of `RunSettings`: scale, tile, overlap, size_multiple, flips, scales,
            precision, temperature, refine.

    Raises:
        UsageError: A setting or device that cannot be used.

    Example:
        >>> segmenter = NetSegmenter(model, classes, preparation, tile=512, flips=("x",))
        >>> result = segmenter.segment(read_image("street.jpg"))
    """

    def __init__(
        self,
        model: Module,
        classes: Classes,
        preparation: Preparation,
        *,
        model_name: str | None = None,
        model_config: Mapping[str, Any] | None = None,
        device: str = "cpu",
        prepare: Prepare | None = None,
        provenance: Mapping[str, Any] | None = None,
        **settings: Any,
    ) -> None:
        from segwright.segmenter.torch_runtime import TorchRuntime

        self.classes = classes
        self.prepare = prepare or Prepare()
        self.preparation = preparation
        self.settings = RunSettings.checked(settings)
        self.model_name = model_name
        self.model_config = dict(model_config or {})
        self.provenance = dict(provenance or {})
        self._runtime = TorchRuntime(
            model,
            num_classes=len(classes),
            device=device,
            precision=self.settings.precision,
            size_multiple=self.settings.size_multiple,
        )

    @property
    def model(self) -> Module:
        """The network, on its device."""
        return self._runtime.model

    @property
    def device(self) -> str:
        """Where the network runs."""
        return str(self._runtime.device)

    def segment(self, image: Image, *, probabilities: bool = False) -> Result:
        """Labels every pixel of one image, of any size.

        Args:
            image: A picture with axes "YX".
            probabilities: Whether the result carries (K, Y, X) float32 class probabilities too;
                for a large image they are large.

        Returns:
            A result on the pixel grid of `image`.

        Raises:
            ImageError: A volume, channels that do not fit, values that are not finite, or a
                picture that a step of `prepare` is not defined for.
        """
        return next(self.segment_many([image], probabilities=probabilities))

    def segment_many(
        self, images: Iterable[Image], *, probabilities: bool = False
    ) -> Iterator[Result]:
        """Labels a stream of images; yields one result per image, in order.

        Neighbours of equal size are run together, as many as have the area of one tile.

        Raises:
            ImageError: An image cannot be segmented; see `segment`.
        """
        for batch in self._batches(images):
            if max(batch[0].seen.size_hw) > self.settings.tile:
                yield self._tiled(batch[0], probabilities)
            else:
                yield from self._whole(batch, probabilities)

    def save(self, directory: Path) -> Path:
        """Writes the folder that `segwright.load` reads back; returns it.

        An older segmenter in that place is replaced once the new one is written completely.

        Raises:
            UsageError: The network has no `model_name`, or the folder holds something else.
            StorageError: It cannot be written.
        """
        from segwright.segmenter.store import save_net

        return save_net(self, Path(directory))

    def _batches(self, images: Iterable[Image]) -> Iterator[list[_Prepared]]:
        batch: list[_Prepared] = []
        for image in images:
            seen = self.prepare.apply(image)
            height, width = seen.size_hw
            alone = max(height, width) > self.settings.tile  # it is cut into tiles
            full = (len(batch) + 1) * height * width > self.settings.tile**2
            if batch and (alone or full or seen.size_hw != batch[0].seen.size_hw):
                yield batch
                batch = []
            batch.append(_Prepared(image, seen))
        if batch:
            yield batch

    def _whole(self, batch: list[_Prepared], keep: bool) -> Iterator[Result]:
        """Runs images that are seen at one size together."""
        outputs = self._averaged(np.stack([self.preparation.apply(one.seen) for one in batch]))
        for one, output in zip(batch, outputs, strict=True):
            yield self._decided(one, [(slice(0, output.shape[1]), output)], keep, tiles=1)

    def _tiled(self, one: _Prepared, keep: bool) -> Result:
        """Runs one image tile by tile; each row of the result is decided once it is complete."""
        seen = one.seen

        def run(row: Span, column: Span) -> np.ndarray:
            part = replace(seen, pixels=seen.pixels[row.slice, column.slice], alpha=None)
            return self._averaged(self.preparation.apply(part)[None])[0]

        self.preparation.conversion(seen)  # refused before it is cut
        cut = self.settings.tile, self.settings.overlap, self.settings.size_multiple
        rows, columns = (spans(length, *cut) for length in seen.size_hw)
        bands = woven(rows, columns, run, num_classes=len(self.classes))
        return self._decided(one, bands, keep, tiles=len(rows) * len(columns))

    def _decided(self, one: _Prepared, bands: Bands, keep: bool, *, tiles: int) -> Result:
        """The classes of an image from the probabilities of what was seen of it."""
        size_hw = one.image.size_hw
        refine = self.settings.refine
        wanted, keep = keep, keep or bool(refine.steps)
        ids = np.empty(size_hw, self.classes.dtype)
        sure = np.empty(size_hw, np.float32)
        kept = np.empty((len(self.classes), *size_hw), np.float32) if keep else None
        for where, output in regridded(bands, one.seen.size_hw, size_hw):
            ids[where] = output.argmax(0)
            if kept is None:
                sure[where] = tempered_highest(output, self.settings.temperature)
            else:
                kept[:, where] = tempered(output, self.settings.temperature)
                sure[where] = kept[:, where].max(0)
        result = self._result(one, ids, sure, kept, tiles=tiles).refined(refine)
        return result if wanted else replace(result, probabilities=None)

    def _averaged(self, pixels: np.ndarray) -> np.ndarray:
        """Mean probabilities over all views: (B, C, Y, X) float32 → (B, K, Y, X) float32."""
        views = self.settings.views()
        total: np.ndarray | None = None
        for flipped, scale in views:
            axes = tuple(_FLIPPED_AXIS[axis] for axis in flipped)
            seen = np.ascontiguousarray(np.flip(pixels, axes))
            output = np.flip(self._runtime.probabilities(seen, scale=scale), axes)
            total = output if total is None else total + output
        assert total is not None  # scales is never empty
        return total if len(views) == 1 else total / np.float32(len(views))

    def _result(
        self,
        one: _Prepared,
        ids: np.ndarray,
        confidence: np.ndarray,
        probabilities: np.ndarray | None,
        *,
        tiles: int,
    ) -> Result:
        provenance: dict[str, Any] = {
            "segmenter": {"model": self.model_name, **self.provenance},
            "settings": self.settings.model_dump(mode="json"),
            "device": self.device,
            "tiles": tiles,
        }
        if self.prepare.steps:
            provenance["prepare"] = self.prepare.model_dump(mode="json")
        conversion = self.preparation.conversion(one.seen)
        if conversion is not None:
            provenance["channels"] = conversion
        return Result(
            LabelMap(ids, self.classes),
            probabilities=probabilities,
            confidence=confidence,
            source=one.image.source,
            provenance=provenance,
            image=one.image,
        )


@dataclass(frozen=True)
class _Prepared:
    """An image, and what is seen of it: `prepare` applied."""

    image: Image
    seen: Image


def require_name(segmenter: NetSegmenter) -> str:
    """The catalogue name of a segmenter's network.

    Raises:
        UsageError: It has none, so that nobody could rebuild it.
    """
    if segmenter.model_name is None:
        raise UsageError(
            "a network without a name cannot be saved, because load could not rebuild it",
            where="NetSegmenter",
            remedy="Pass model_name and model_config, and load with build= if it is your own",
        )
    return segmenter.model_name
