"""Labels that were refined stay a result: same pixels, and as sure as the changes allow."""

from __future__ import annotations

import numpy as np
import pytest

from segwright.errors import UsageError
from segwright.images.image import Image
from segwright.labels.classes import Classes
from segwright.labels.label_map import LabelMap
from segwright.refine import Refine
from segwright.result import Result

CLASSES = Classes.named(("ground", "cell", "rim"), background=0)


def speck(*, probabilities: bool = False) -> Result:
    """A cell with a hole of one pixel, and a speck of one pixel beside it."""
    ids = np.zeros((12, 12), np.uint8)
    ids[2:9, 2:9] = 1
    ids[5, 5] = 0
    ids[10, 10] = 1
    scores = np.where(ids == np.arange(3)[:, None, None], 0.8, 0.1).astype(np.float32)
    return Result(
        LabelMap(ids, CLASSES),
        probabilities=scores if probabilities else None,
        confidence=None if probabilities else np.full(ids.shape, 0.8, np.float32),
        image=Image(np.full((12, 12, 1), 100, np.uint8)),
    )


@pytest.mark.parametrize("probabilities", [False, True])
def test_what_was_changed_is_as_sure_as_it_was(probabilities: bool):
    refined = speck(probabilities=probabilities).refined(
        Refine.of([{"fill_holes": 4}, {"remove_small": 4}])
    )
    assert refined.labels.ids[5, 5] == 1 and refined.labels.ids[10, 10] == 0
    assert refined.labels.area_px().tolist() == [144 - 49, 49, 0]
    assert refined.confidence is not None
    assert np.allclose(refined.confidence, 0.8)
    assert [step["step"] for step in refined.provenance["refine"]] == ["fill_holes", "remove_small"]


def test_a_step_that_gives_probabilities_says_how_sure_it_is():
    refined = speck().refined(Refine.of("guided"))
    assert refined.probabilities is not None and refined.confidence is not None
    assert np.array_equal(refined.confidence, refined.probabilities.max(0))


def test_without_steps_it_is_the_very_same():
    result = speck()
    assert result.refined(Refine()) is result


def test_it_needs_the_image():
    result = speck()
    with pytest.raises(UsageError, match="without its image"):
        Result(result.labels).refined(Refine.of(["majority"]))
