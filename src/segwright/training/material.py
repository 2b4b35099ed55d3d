"""What a run learns from: images, how they are prepared, where crops are taken."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from segwright.dataset import Dataset, DatasetFacts, Sample, fingerprint_of, measure_facts
from segwright.dataset.class_map import ClassMap
from segwright.events import Listener, StageAdvanced, StageStarted
from segwright.labels.classes import Classes
from segwright.plan import Plan
from segwright.prepare import Prepare
from segwright.segmenter import Preparation
from segwright.training.batches import BatchStream
from segwright.training.distributed import ALONE, World
from segwright.training.store import SampleStore
from segwright.transforms import Augmentation, CropFocus

_SMALLEST_STD = 1e-4  # of white: a constant channel must not be divided by nothing
_EIGHT_BIT = 255.0


@dataclass(frozen=True)
class Material:
    """The images of a run, read once.

    Attributes:
        classes: Of the labels.
        fingerprint: Content hash of all images and labels.
        class_map: What became of the classes of the files; None if they are those of the labels.
        prepare: The steps that every image goes through first.
        facts: Measured on the prepared training images.
        preparation: From the pixels of a prepared image to network input, with the mean and spread
            of the training images.
        focus: Where pixels of each class lie in the prepared training images.
        train: What is learned from, prepared.
        val: What is scored; never learned from. As it is on disk: the segmenter prepares it.
    """

    classes: Classes
    fingerprint: str
    class_map: ClassMap | None
    prepare: Prepare
    facts: DatasetFacts
    preparation: Preparation
    focus: CropFocus
    train: SampleStore
    val: SampleStore

    @classmethod
    def read(
        cls, train: Dataset, val: Dataset, *, prepare: Prepare | None = None, emit: Listener
    ) -> Material:
        """Reads all images, prepares those to learn from and measures them.

        Raises:
            DataError: An image or its labels cannot be used.
        """
        emit(StageStarted("reading images", total=len(train) + len(val)))
        focus = CropFocus(train.classes)
        done = 0

        def passing(store: SampleStore) -> Iterator[Sample]:
            nonlocal done
            for sample in store.read_all():
                if store is train_store:
                    focus.add(sample.labels.ids)
                done += 1
                emit(StageAdvanced(done))
                yield sample

        prepare = prepare or Prepare()
        train_store = SampleStore(train, prepare=prepare)
        facts = measure_facts(passing(train_store))
        val_store = SampleStore(val)  # now, when the memory that is left is known
        for _ in passing(val_store):
            pass
        preparation = Preparation(
            channels=facts.channels,
            mean=facts.mean,
            std=tuple(max(std, _SMALLEST_STD * facts.white) for std in facts.std),
        )
        return cls(
            classes=train.classes,
            fingerprint=fingerprint_of(train, val),
            class_map=train.class_map,
            prepare=prepare,
            facts=facts,
            preparation=preparation,
            focus=focus,
            train=train_store,
            val=val_store,
        )

    def batches(self, plan: Plan, world: World = ALONE) -> BatchStream:
        """The training batches of a plan, or the share of one of several processes."""
        low, high = plan.augment.scale
        seen = plan.input.scale
        config = plan.augment.model_copy(update={"scale": (low * seen, high * seen)})
        mean = np.asarray(self.preparation.mean)

        def augmentation(full_scale: float) -> Augmentation:
            return Augmentation(
                config,
                size_hw=plan.input.crop_hw,
                classes=self.classes,
                fill=(mean * full_scale).tolist(),
                # Light varies relative to the range in use: 16 bits often hold 12 or fewer.
                full_scale=full_scale * (1.0 if full_scale == _EIGHT_BIT else self.facts.white),
            )

        return BatchStream(
            self.train,
            plan=plan,
            preparation=self.preparation,
            augmentation=augmentation,
            focus=self.focus.tuned(focus=plan.crops.focus, power=plan.crops.power),
            world=world,
        )
