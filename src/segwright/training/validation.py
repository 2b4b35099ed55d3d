"""Scores the averaged weights on validation images while a net is trained."""

from __future__ import annotations

import copy

import numpy as np
import torch

from segwright.dataset import Sample
from segwright.errors import NonFiniteError
from segwright.evaluation import confusion_matrix
from segwright.evaluation.confusion import Counts, mean_over_scored
from segwright.models.catalog import CATALOG
from segwright.plan import Plan
from segwright.segmenter import NetSegmenter
from segwright.training.distributed import World
from segwright.training.learner import Learner
from segwright.training.loop import Score
from segwright.training.material import Material


class Validation:
    """Scores a learner's averaged weights on a fixed, evenly spread part of the images.

    Of several processes each scores its share of them, and all come to the same score.

    Args:
        learner: Its network is not touched; a copy takes the averaged weights.
        material: Validation images and preparation.
        plan: How many images, and how the net is used.
    """

    def __init__(self, learner: Learner, material: Material, plan: Plan) -> None:
        self._learner = learner
        self._world: World = learner.world
        self._material = material
        self._network = copy.deepcopy(learner.network)
        # As the net will be used, but in the arithmetic of training and without mirror images:
        # these scores guide a run, the final one is taken by the segmenter that is shipped.
        self._segmenter = as_segmenter(self._network, material, plan, quick=True)
        count = min(plan.validation.images, len(material.val))
        self._indices = np.linspace(0, len(material.val) - 1, count).round().astype(int).tolist()

    def __call__(self) -> Score:
        """Mean IoU over the classes that occur, and mean cross-entropy in nats.

        Raises:
            NonFiniteError: The network's output is not finite.
        """
        self._learner.average.copy_to(self._network)
        k = len(self._material.classes)
        confusion = np.zeros((k, k), np.int64)
        surprise, judged = 0.0, 0
        for index in self._indices[self._world.rank :: self._world.size]:
            sample: Sample = self._material.val[index]
            try:
                result = self._segmenter.segment(sample.image, probabilities=True)
            except NonFiniteError as error:
                raise NonFiniteError(
                    f"{error.problem}, in validation on {sample.key}; no checkpoint is written",
                    remedy="Continue from the last checkpoint in a new run (--from) with a lower "
                    "rate (--set optimiser.lr=…) or input.precision=float32",
                ) from error
            truth = sample.labels.ids
            ignore = self._material.classes.ignore_index
            confusion += confusion_matrix(truth, result.labels.ids, k, ignore)
            surprise_here, judged_here = _surprise(result.probabilities, truth, ignore)
            surprise += surprise_here
            judged += judged_here
        confusion, surprise, judged = self._added_up(confusion, surprise, judged)
        mean_iou = mean_over_scored(Counts.of(confusion).iou())  # NaN where nothing is judged
        return Score(float(np.nan_to_num(mean_iou)), surprise / max(1, judged), len(self._indices))

    def _added_up(
        self, confusion: np.ndarray, surprise: float, judged: int
    ) -> tuple[np.ndarray, float, int]:
        """What all processes have counted."""
        counts = torch.from_numpy(np.append(confusion.ravel(), judged))
        sums = torch.tensor([surprise], dtype=torch.float64)
        self._world.add_up([counts])
        self._world.add_up([sums])
        return counts[:-1].numpy().reshape(confusion.shape), sums.item(), int(counts[-1])


def as_segmenter(
    network, material: Material, plan: Plan, *, quick: bool = False, temperature: float = 1.0
) -> NetSegmenter:
    """A trained network as what users hold, with the plan's way of using it."""
    assert plan.prepare == material.prepare  # else it would be shown what it has not learned from
    return NetSegmenter(
        network,
        material.classes,
        material.preparation,
        model_name=plan.model.name,
        model_config=plan.model.config,
        device=plan.device,
        prepare=plan.prepare,
        provenance={"data": plan.fingerprint, "seed": plan.seed},
        scale=plan.input.scale,
        size_multiple=getattr(network, "size_multiple", CATALOG[plan.model.name].size_multiple),
        tile=plan.inference.tile,
        flips=() if quick else plan.inference.flips,
        precision=plan.input.precision if quick else "float32",
        temperature=temperature,
    )


def _surprise(
    probabilities: np.ndarray | None, truth: np.ndarray, ignore: int
) -> tuple[float, int]:
    """Sum over judged pixels of -ln p(truth), and how many they are."""
    assert probabilities is not None
    judged = truth != ignore
    at = np.where(judged, truth, 0).astype(np.intp)
    chosen = np.take_along_axis(probabilities, at[None], axis=0)[0][judged]
    return float(-np.log(np.maximum(chosen, 1e-12)).sum(dtype=np.float64)), int(judged.sum())
