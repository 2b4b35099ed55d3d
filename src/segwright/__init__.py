"""segwright: from a folder of images to a segmenter that can be trusted.

    run = segwright.train("photos", budget_s=600).run
    segmenter = segwright.load(run)
    result = segmenter.segment(segwright.read_image("new.jpg"))

Names are looked up when they are first used, so that `import segwright` loads neither torch nor
OpenCV and works without them.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from segwright.dataset import Dataset, Sample, open_dataset
    from segwright.errors import (
        BudgetError,
        DataError,
        ImageError,
        LabelError,
        MissingDependencyError,
        SegwrightError,
        TrainingError,
        UnknownNameError,
        UsageError,
    )
    from segwright.evaluation import Evaluation
    from segwright.images.image import Image
    from segwright.images.read import read_image
    from segwright.labels.classes import Classes
    from segwright.labels.label_map import LabelMap
    from segwright.plan import Plan
    from segwright.result import Result
    from segwright.segmenter import Segmenter, load
    from segwright.verbs.check import check
    from segwright.verbs.compare import compare
    from segwright.verbs.convert import convert
    from segwright.verbs.evaluate import evaluate
    from segwright.verbs.plan import plan as make_plan
    from segwright.verbs.predict import predict
    from segwright.verbs.refine import refine as refine_run
    from segwright.verbs.show import show
    from segwright.verbs.split import split
    from segwright.verbs.train import TrainReport, train

    __version__: str

__all__ = [
    "BudgetError",
    "Classes",
    "DataError",
    "Dataset",
    "Evaluation",
    "Image",
    "ImageError",
    "LabelError",
    "LabelMap",
    "MissingDependencyError",
    "Plan",
    "Result",
    "Sample",
    "Segmenter",
    "SegwrightError",
    "TrainReport",
    "TrainingError",
    "UnknownNameError",
    "UsageError",
    "__version__",
    "check",
    "compare",
    "convert",
    "evaluate",
    "load",
    "make_plan",
    "open_dataset",
    "predict",
    "read_image",
    "refine_run",
    "show",
    "split",
    "train",
]

# Public name → (module, name there); the imports above say the same to type checkers.
_SOURCES = {
    name: (f"segwright.{module}", name)
    for module, names in {
        "dataset": ("Dataset", "Sample", "open_dataset"),
        "errors": (
            "BudgetError",
            "DataError",
            "ImageError",
            "LabelError",
            "MissingDependencyError",
            "SegwrightError",
            "TrainingError",
            "UnknownNameError",
            "UsageError",
        ),
        "evaluation": ("Evaluation",),
        "images.image": ("Image",),
        "images.read": ("read_image",),
        "labels.classes": ("Classes",),
        "labels.label_map": ("LabelMap",),
        "plan": ("Plan",),
        "result": ("Result",),
        "segmenter": ("Segmenter", "load"),
        "verbs.compare": ("compare",),
        "verbs.convert": ("convert",),
        "verbs.check": ("check",),
        "verbs.evaluate": ("evaluate",),
        "verbs.predict": ("predict",),
        "verbs.show": ("show",),
        "verbs.split": ("split",),
        "verbs.train": ("TrainReport", "train"),
    }.items()
    for name in names
}
# `segwright.plan` and `segwright.refine` are rooms, so these verbs have longer names here.
_SOURCES["make_plan"] = ("segwright.verbs.plan", "plan")
_SOURCES["refine_run"] = ("segwright.verbs.refine", "refine")


def __getattr__(name: str) -> object:
    if name == "__version__":
        from importlib.metadata import version

        found: object = version("segwright")
    elif name in _SOURCES:
        module, original = _SOURCES[name]
        try:
            found = getattr(importlib.import_module(module), original)
        except ModuleNotFoundError as error:
            from segwright.verbs.extras import missing_dependency

            raise missing_dependency(error, purpose=f"segwright.{name}") from error
    else:
        raise AttributeError(f"module 'segwright' has no attribute {name!r}")
    globals()[name] = found  # the next look-up finds it without coming here
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
