"""What can be wrong with a dataset, and who decides what happens then.

Whoever reads a dataset is given a `Report`: a function that is told of every fault. Training hands
over `refuse`, which raises at the first fault that would make it wrong; `check` hands over one
that collects, and what is unusable is left out and reading goes on. So both see the same faults.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, NoReturn

from segwright.errors import DataError, LabelError, SegwrightError, UnknownNameError

Severity = Literal["error", "warning", "note"]
"""error: training would be wrong or impossible · warning: look at it · note: good to know."""


@dataclass(frozen=True)
class Kind:
    """A kind of fault: how bad it is, and its title in a report."""

    severity: Severity
    title: str


KINDS: Mapping[str, Kind] = {
    # Files
    "unreadable-image": Kind("error", "pictures that cannot be read"),
    "unreadable-labels": Kind("error", "label files that cannot be read"),
    "image-without-labels": Kind("error", "pictures without labels"),
    "labels-without-image": Kind("error", "labels without a picture"),
    "name-twice": Kind("error", "names that stand twice"),
    "size-differs": Kind("error", "labels of another size than their picture"),
    "listed-missing": Kind("error", "pictures that a list names and that are not there"),
    "not-listed": Kind("warning", "labelled pictures that no list names, left out"),
    "other-files": Kind("note", "files that are neither pictures nor labels"),
    "layout": Kind("error", "a folder layout that is ambiguous"),
    # Masks
    "unknown-value": Kind("error", "mask values that belong to no class"),
    "blurred-mask": Kind("error", "masks with values between classes (anti-aliased or JPEG)"),
    "stray-colour": Kind("error", "mask colours that belong to no class"),
    "transparent-mask": Kind("error", "masks that are partly transparent"),
    "gaps-in-ids": Kind("warning", "class numbers with gaps"),
    "mask-overlap": Kind("warning", "masks of single objects that overlap"),
    "masks-disagree": Kind("warning", "objects whose class is not that of their pixels"),
    # Objects
    "bad-record": Kind("error", "records that are incomplete or of a wrong type"),
    "unknown-class": Kind("error", "objects of classes that the dataset does not have"),
    "unknown-image": Kind("error", "objects of pictures that the dataset does not have"),
    "id-twice": Kind("error", "ids that stand twice"),
    "bad-coordinates": Kind("error", "coordinates that are no finite numbers or far outside"),
    "wrong-crs": Kind("error", "labels in other map coordinates than their picture"),
    "outside-image": Kind("warning", "shapes that reach outside their picture"),
    "wholly-outside": Kind("error", "shapes that lie wholly outside their picture"),
    "self-crossing": Kind("warning", "polygons that cross themselves"),
    "too-few-vertices": Kind("error", "polygons of fewer than three vertices"),
    "tiny-shape": Kind("warning", "shapes too thin to hold a pixel"),
    "empty-shape": Kind("error", "objects without any pixel"),
    "hole-outside": Kind("warning", "holes that reach outside their outer ring"),
    "bad-box": Kind("error", "boxes whose sides are zero or negative"),
    "no-region": Kind("error", "objects without a region, or with a box alone"),
    "area-differs": Kind("warning", "areas that differ from the number of pixels"),
    "bad-rle": Kind("error", "run lengths that do not fit their picture"),
    "not-an-area": Kind("warning", "points and lines, which have no area and are left out"),
    "box-only": Kind("warning", "objects of which only a box is known, taken as full boxes"),
    "scored": Kind("warning", "objects with a confidence: predictions, not annotations"),
    "approximated": Kind("note", "curves that become polygons"),
    "soft-brush": Kind("note", "brush masks with soft edges, cut at half"),
    "turned-picture": Kind("warning", "pictures that were turned while they were annotated"),
    # Found by looking at all pictures and labels (`dataset.checks`)
    "cannot-open": Kind("error", "what keeps the dataset from being opened"),
    "no-split": Kind("error", "a division that training cannot use"),
    "nothing-labelled": Kind("error", "training labels that hold a single class, or none"),
    "non-finite": Kind("error", "pictures with values that are no finite numbers"),
    "mixed-channels": Kind("error", "pictures with other channels than the rest"),
    "mixed-dtypes": Kind("warning", "pictures with other number types than the rest"),
    "mixed-sizes": Kind("note", "pictures of different sizes"),
    "exif-turned": Kind("warning", "pictures turned by EXIF whose labels may not be"),
    "blank-picture": Kind("warning", "pictures that show nothing"),
    "lossy-mask": Kind("warning", "masks stored as JPEG, which blurs them"),
    "foreign-labels": Kind("warning", "labels that seem to belong to another picture"),
    "same-labels": Kind("warning", "identical labels on different pictures"),
    "all-ignored": Kind("warning", "pictures without any pixel to learn from"),
    "all-background": Kind("note", "pictures that are background throughout"),
    "empty-class": Kind("warning", "classes that no picture holds"),
    "class-in-one-split": Kind("warning", "classes that a split lacks"),
    "rare-class": Kind("warning", "classes in fewer than three training pictures"),
    "class-dominates": Kind("warning", "a class that is nearly everything"),
    "contradiction": Kind("warning", "the same picture with different labels"),
    "duplicate-across-splits": Kind("warning", "the same picture in several splits"),
    "near-duplicate-across-splits": Kind("warning", "nearly the same picture in several splits"),
    "same-held-out": Kind("warning", "nearly the same pictures that holding out would divide"),
    "group-across-splits": Kind("warning", "patients, scenes or videos in several splits"),
    "guessed-group-across-splits": Kind("warning", "sequences in several splits, by their names"),
    "duplicate": Kind("warning", "the same picture more than once"),
    "near-duplicate": Kind("note", "nearly the same picture more than once"),
}
"""Kind of fault → how bad it is and what a report calls it; of equal ones, the worst first."""


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong.

    Attributes:
        kind: Its key in `KINDS`.
        problem: What is wrong, with the offending value, in one sentence without a full stop.
        where: The file, and the place in it.
        remedy: What to do, as an imperative without a full stop, or a question.
        key: The picture it is about; None if it is about the whole dataset.
        severity: How bad it is; None for what its kind says.
    """

    kind: str
    problem: str
    where: str
    remedy: str
    key: str | None = None
    severity: Severity | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise UnknownNameError("kind of fault", self.kind, KINDS)

    @property
    def how_bad(self) -> Severity:
        return self.severity or KINDS[self.kind].severity

    def error(self) -> SegwrightError:
        """The exception that says the same."""
        about_files = self.kind in ("layout", "image-without-labels", "labels-without-image")
        kind = DataError if about_files or self.kind == "name-twice" else LabelError
        return kind(self.problem, where=self.where, remedy=self.remedy)


def fault_of(
    error: SegwrightError, kind: str, *, where: object = None, key: str | None = None
) -> Fault:
    """The fault that an exception tells of.

    Args:
        error: What was raised.
        kind: Its key in `KINDS`.
        where: Place to name if the exception names none.
        key: The picture it is about.
    """
    place = error.where or str(where or "")
    return Fault(kind, error.problem, place, error.remedy or "Correct it", key)


Report = Callable[[Fault], None]
"""Is told of every fault; whatever is reported as an error is left out if it returns."""


class UnusableLabels(LabelError):
    """Labels of which nothing can be used, after a report that was told why and returned.

    Without it they would pass for background.

    Args:
        fault: What was reported.
    """

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.problem, where=fault.where, remedy=fault.remedy)
        self.fault = fault

    def __reduce__(self) -> tuple[type[UnusableLabels], tuple[Fault]]:
        return UnusableLabels, (self.fault,)


def give_up(fault: Fault, report: Report) -> NoReturn:
    """Reports a fault that leaves nothing of a picture's labels.

    Raises:
        UnusableLabels: Always, unless `report` raises something else.
    """
    report(fault)
    raise UnusableLabels(fault)


def refuse(fault: Fault) -> None:
    """Raises what the fault says if training would be wrong; says nothing of lesser ones."""
    if fault.how_bad == "error":
        raise fault.error()
