"""Label maps to COCO JSON, as run lengths.

Source: https://cocodataset.org/#format-data.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from segwright.errors import LabelError
from segwright.formats.entry import listed
from segwright.labels.classes import Classes
from segwright.labels.label_map import LabelMap
from segwright.labels.rle import RunLengths


def semantic_to_coco(pictures: Iterable[tuple[str, LabelMap]], classes: Classes) -> dict[str, Any]:
    """Label maps as a COCO document, one annotation per picture and class that occurs in it.

    Category ids are the class ids, or one more where class 0 is not the background, since COCO
    counts from 1. The background and ignored pixels are not written.

    Args:
        pictures: File name of every picture, and its labels.
        classes: The classes of all of them.

    Returns:
        A document for `json.dump`, with compressed run lengths.

    Raises:
        LabelError: A label map with other classes.
    """
    shift = 0 if classes.background == 0 else 1
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for image_id, (file_name, labels) in enumerate(pictures, start=1):
        if labels.classes != classes:
            raise LabelError(
                f"labels have the classes {listed(labels.classes.names)}; accepted are "
                f"{listed(classes.names)}",
                where=file_name,
                remedy="Write one document for each set of classes",
            )
        height, width = labels.size_hw
        images.append({"id": image_id, "file_name": file_name, "height": height, "width": width})
        for class_id in np.flatnonzero(labels.area_px()).tolist():
            if class_id == classes.background:
                continue
            region = RunLengths.from_mask(labels.ids == class_id)
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": image_id,
                    "category_id": class_id + shift,
                    "segmentation": region.to_coco(),
                    "area": region.area_px,
                    "bbox": list(region.box_xywh()),
                    "iscrowd": 0,
                }
            )
    categories = [
        {"id": class_id + shift, "name": name}
        for class_id, name in enumerate(classes.names)
        if class_id != classes.background
    ]
    return {"images": images, "annotations": annotations, "categories": categories}
