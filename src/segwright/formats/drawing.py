"""Collects the objects of one picture and holds each against the picture.

All formats of drawn objects read into a `Drawing`, so that all find the same faults.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from segwright.errors import LabelError
from segwright.formats.faults import Report, fault_of, refuse
from segwright.labels.classes import Classes
from segwright.labels.instances import Instance, Instances
from segwright.labels.shapes import region_of


@dataclass
class Drawing:
    """The objects of one picture while they are read.

    Attributes:
        size_hw: Height and width of the picture in pixels.
        classes: What class ids mean.
        where: The file, and the picture in it if there are several, to name in messages.
        report: Is told of every fault.
        key: The picture's key, for reports.
    """

    size_hw: tuple[int, int]
    classes: Classes
    where: str
    report: Report = refuse
    key: str | None = None
    _objects: list[Instance] = field(default_factory=list)

    def add(self, instance: Instance) -> None:
        """Takes an object in, or reports what is wrong with its shape."""
        try:
            region_of(instance.shape, self.size_hw)
        except LabelError as error:
            where = f"{self.where}, {instance.name}" if instance.name else self.where
            self.report(fault_of(error, "bad-coordinates", where=where, key=self.key))
            return
        self._objects.append(instance)

    def instances(self) -> Instances:
        """Everything that was taken in."""
        return Instances(self.size_hw, tuple(self._objects), self.classes)
