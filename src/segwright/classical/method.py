"""What every classical method is: parameters, parts of an image, and how parts become classes."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import DTypeLike
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError

from segwright.classical.grid import on_grid
from segwright.classical.planes import require_picture
from segwright.classical.reading import PartClasses, Reading, Seen
from segwright.config import refused
from segwright.errors import UnknownNameError, UsageError
from segwright.images.image import Image
from segwright.labels.classes import Classes
from segwright.labels.label_map import LabelMap
from segwright.prepare import Prepare
from segwright.refine import Refine
from segwright.result.result import Result

Arrays = Mapping[str, np.ndarray]

Finds = Literal["levels", "clusters", "regions", "classes"]
"""What the parts of a method are; see `Method`."""


@dataclass(frozen=True)
class Fitted:
    """What a method has learned of labelled images.

    Attributes:
        classes: The classes of the labels.
        reading: How parts become these; None for a method that finds classes itself.
        provenance: Where it was learned; JSON values only.
    """

    classes: Classes
    reading: Reading | None
    provenance: Mapping[str, Any] = field(default_factory=dict)


class Method(BaseModel):
    """A segmenter without a network, in the manner of scikit-learn.

    Parameters are keyword arguments and attributes. A method divides an image into parts (`parts`):
    levels of a threshold, clusters, or regions. Unfitted, the parts are the answer. `fit` learns
    from labelled images which class a part is, and then every method is a semantic one.

    Every method is a `Segmenter`; subclasses say `name`, `finds` and, unless they find regions,
    `part_names`, and define `parts`. What else they learn is in `_learn`, `_arrays`, `_restore`.

    Attributes:
        name: Its name in the catalogue.
        finds: "levels": a known number of parts with a meaning of their own, such as darker and
            brighter. "clusters": a known number of parts. "regions": pieces of this one image.
            "classes": the classes themselves, by learning from labels.
        search: For some parameters, values worth trying when there is time to choose them on
            labelled images.
        scale_param: The parameter that says how coarse the parts are; "" where none does.
        scales: Its values from fine to coarse, of which one suits any picture.
        prepare: Steps that every image goes through first.
        refine: Steps that the classes of every image go through last.

    Example:
        >>> segmenter = Otsu().fit(images, labels)
        >>> segmenter.segment(read_image("cells.png")).overlay()
    """

    model_config = ConfigDict(extra="forbid", validate_assignment=True, allow_inf_nan=False)

    name: ClassVar[str]
    finds: ClassVar[Finds]
    search: ClassVar[Mapping[str, Sequence[Any]]] = {}
    scale_param: ClassVar[str] = ""
    scales: ClassVar[tuple[Any, ...]] = ()

    prepare: Prepare = Field(
        default=Prepare(),
        description="Steps that every image goes through first, like [clahe, median].",
    )
    refine: Refine = Field(
        default=Refine(),
        description="Steps that the classes go through last, like [crf, {remove_small: 50}];"
        " regions without a class are left as they are.",
    )

    _fitted: Fitted | None = PrivateAttr(None)

    def __init__(self, **params: Any) -> None:
        for given in params:
            if given not in type(self).model_fields:
                raise UnknownNameError(
                    "setting", given, type(self).model_fields, where=f"method {self.name!r}"
                )
        try:
            super().__init__(**params)
        except ValidationError as error:
            raise refused(error, type(self), where=f"method {self.name!r}") from error

    # What a method defines.

    @abstractmethod
    def parts(self, image: Image) -> np.ndarray:
        """Divides a picture into parts.

        Args:
            image: What the method sees: `prepare` has been applied.

        Returns:
            (Y, X) integers: 0 … `num_parts` - 1 for levels and clusters; region numbers from 0
            without gaps for regions. A part need not be connected.

        Raises:
            ImageError: The method is not defined for such a picture.
        """
        raise NotImplementedError

    def at_scales(self, image: Image) -> Iterator[np.ndarray]:
        """The parts at each of `scales`, from fine to coarse; once where there are none.

        They are those of `parts` with `scale_param` set to each in turn. Methods whose scales have
        work in common define this anew and do it once; regions may be numbered otherwise then.
        """
        if not self.scales:
            yield self.parts(image)
        for value in self.scales:
            yield self.model_copy(update={self.scale_param: value}).parts(image)

    def scores(self, image: Image) -> np.ndarray:
        """For methods that find "classes": (K, Y, X) float32 probabilities of a prepared image."""
        raise NotImplementedError

    @property
    def part_names(self) -> tuple[str, ...]:
        """What the parts of levels and clusters are called, in their order."""
        raise NotImplementedError

    def _learn(self, images: Sequence[Image], labels: Sequence[LabelMap] | None) -> None:
        """Learns what the method needs of the images before it can divide them; as a rule nothing.

        Both are lazy: an item is read when it is asked for. Images are prepared already.
        """

    def _arrays(self) -> Arrays:
        """What was learned by `_learn`, by names without a dot, to be stored."""
        return {}

    def _restore(self, arrays: Arrays) -> None:
        """Takes back what `_arrays` gave; untrusted: raises DataError at what cannot be."""

    # What every method can do then.

    @property
    def classes(self) -> Classes:
        """The classes that pixels are given: those it was fitted to, else its own parts."""
        if self._fitted is not None:
            return self._fitted.classes
        if self.finds == "regions":
            return Classes.named(("region",))
        if self.finds == "classes":
            raise self._unfitted()
        return Classes.named(self.part_names)

    @property
    def fitted(self) -> Fitted | None:
        """What `fit` has learned; None before."""
        return self._fitted

    def fit(
        self,
        images: Sequence[Image],
        labels: Sequence[LabelMap] | None = None,
        *,
        provenance: Mapping[str, Any] | None = None,
    ) -> Self:
        """Learns from images, and from their labels which class each part is.

        Args:
            images: Any sequence; lazy ones are welcome, items are asked for one at a time.
            labels: One for each image; ignored pixels are not learned from. Without labels only
                what needs none is learned (the centres of clusters).
            provenance: Where it is learned, to be stored.

        Returns:
            The method itself.

        Raises:
            UsageError: Nothing to learn from, or not as many labels as images.
            ImageError: The method is not defined for one of the images.
        """
        if not len(images) or (labels is not None and len(labels) != len(images)):
            given = "no labels" if labels is None else f"{len(labels)} label maps"
            raise UsageError(
                f"{len(images)} images and {given}; accepted is one label map for each image, and "
                "at least one image",
                where=f"method {self.name!r}",
            )
        if labels is None and self.finds == "classes":
            raise UsageError(
                "this method learns from labels, and none were given",
                where=f"method {self.name!r}",
                remedy="Give a label map for each image",
            )
        seen = Seen(images, self.prepare)
        self._fitted = None
        self._learn(seen, labels)
        if labels is not None:
            reading = None if self.finds == "classes" else self._read(seen, labels)
            self._fitted = Fitted(labels[0].classes, reading, dict(provenance or {}))
        return self

    def predict(self, images: Image | Sequence[Image]) -> np.ndarray | list[np.ndarray]:
        """Only the numbers: (Y, X) class ids, or region numbers where there are no classes.

        Args:
            images: One image, or several for a list.
        """
        if isinstance(images, Image):
            result = self.segment(images)
            return result.labels.ids if result.regions is None or self._fitted else result.regions
        return [self.predict(image) for image in images]  # pyright: ignore[reportReturnType]

    def segment(self, image: Image, *, probabilities: bool = False) -> Result:
        """Labels every pixel of one image, of any size.

        Args:
            image: A picture with axes "YX".
            probabilities: Whether the result carries (K, Y, X) float32 class probabilities too,
                where the method has any.

        Returns:
            A result on the pixel grid of `image`; with `regions` if the method finds such.

        Raises:
            ImageError: The method or a step of `prepare` is not defined for such a picture.
            UsageError: The method must be fitted first.
        """
        require_picture(image)
        seen = self.prepare.apply(image)
        if self.finds == "classes":
            scores = self.scores(seen)
            result = self._result(image, scores.argmax(0), scores.max(0), scores)
            return result if probabilities else replace(result, probabilities=None)
        parts = self.parts(seen)
        if self._fitted is None:
            ids = np.zeros_like(parts) if self.finds == "regions" else parts
            return self._result(image, ids, parts=parts)
        assert self._fitted.reading is not None
        ids, sure, scores = self._fitted.reading.classes_of(seen, parts)
        wanted = probabilities or bool(self.refine.steps)
        known = scores() if wanted and scores is not None else None
        result = self._result(image, ids, sure, known, parts=parts)
        return result if probabilities else replace(result, probabilities=None)

    def segment_many(
        self, images: Iterable[Image], *, probabilities: bool = False
    ) -> Iterator[Result]:
        """Labels a stream of images; yields one result per image, in order."""
        return (self.segment(image, probabilities=probabilities) for image in images)

    def save(self, directory: Path) -> Path:
        """Writes the folder that `segwright.load` reads back; returns it.

        Raises:
            UsageError: The folder holds something else.
            StorageError: It cannot be written.
        """
        from segwright.classical.store import save_method

        return save_method(self, Path(directory))

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters by name; `deep` changes nothing, as no parameter is a method."""
        return {name: getattr(self, name) for name in type(self).model_fields}

    def set_params(self, **params: Any) -> Self:
        """Changes parameters; what was learned is kept, so fit again where it depends on them.

        Raises:
            UnknownNameError: There is no such parameter.
            UsageError: A value is out of range.
        """
        checked = type(self)(**{**self.get_params(), **params})
        for name in params:
            setattr(self, name, getattr(checked, name))
        return self

    def __sklearn_clone__(self) -> Self:
        return type(self)(**self.get_params())

    def _read(self, images: Sequence[Image], labels: Sequence[LabelMap]) -> Reading:
        """Learns which class a part is."""
        if self.finds != "regions":
            return PartClasses.learned(self.parts, images, labels, num_parts=len(self.part_names))
        from segwright.classical.learned.regions import RegionClassifier

        return RegionClassifier.learned(self.parts, images, labels)

    def _result(
        self,
        image: Image,
        ids: np.ndarray,
        sure: np.ndarray | None = None,
        probabilities: np.ndarray | None = None,
        *,
        parts: np.ndarray | None = None,
    ) -> Result:
        """What was found on the prepared image, on the pixels of the image itself."""

        def brought(found: np.ndarray | None, dtype: DTypeLike) -> np.ndarray | None:
            if found is None:
                return None
            return on_grid(found.astype(dtype, copy=False), image.size_hw)

        classes = self.classes
        ids = on_grid(ids.astype(classes.dtype, copy=False), image.size_hw)
        learned = {} if self._fitted is None else dict(self._fitted.provenance)
        result = Result(
            LabelMap(ids, classes),
            probabilities=brought(probabilities, np.float32),
            confidence=brought(sure, np.float32),
            source=image.source,
            provenance={
                "segmenter": {"method": self.name, **learned},
                "settings": self.model_dump(mode="json"),
            },
            image=image,
            regions=brought(parts, np.int32) if self.finds == "regions" else None,
        )
        has_classes = self.finds != "regions" or self._fitted is not None
        return result.refined(self.refine) if has_classes else result

    def _unfitted(self) -> UsageError:
        return UsageError(
            "this method learns from labels, and has not yet",
            where=f"method {self.name!r}",
            remedy=f"Train it: segwright train DATA --model {self.name}",
        )
