"""What became of a dataset that was written in another format: both are read and compared.

Classes are compared by their names, pixels by the label maps that a network would learn from, and
objects one by one: an object is kept if one of the same class covers the same pixels, and changed
if one covers what can be seen of it.

Every picture is held against what was counted while it was written (see `dataset.account`): what
goes beyond that is explained by nothing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields

import numpy as np

from segwright.dataset.account import Account
from segwright.dataset.dataset import Dataset
from segwright.dataset.threads import in_order
from segwright.errors import DataError
from segwright.formats.entry import Entry, listed
from segwright.formats.writing import flat
from segwright.labels.classes import Classes
from segwright.labels.instances import Instance, Instances, Labels, as_instances, as_label_map
from segwright.labels.rle import RunLengths, regions_by_id

IGNORED = "(ignored)"
"""Stands for ignored pixels and regions among the class names."""

_COVERED_BY: Mapping[str, tuple[str, ...]] = {
    "identity": ("identity", "hidden", "pieces", "crowds")
}
"""Kind of difference → the kinds of loss that count it, where that is not itself alone."""


@dataclass
class Tally:
    """What was counted of one class.

    Attributes:
        pixels: Pixels of the class before.
        changed: How many of them have another class now.
        objects: Objects of the class before; 0 where labels are no objects.
        cut: How many of them are there without what others cover of them.
        lost: How many of them are not there, neither whole nor as what can be seen of them.
    """

    pixels: int = 0
    changed: int = 0
    objects: int = 0
    cut: int = 0
    lost: int = 0

    def __iadd__(self, other: Tally) -> Tally:
        for one in fields(self):
            setattr(self, one.name, getattr(self, one.name) + getattr(other, one.name))
        return self


@dataclass
class Comparison:
    """What was measured of all pictures.

    Attributes:
        classes: Class name → what was counted, in the order of the classes before.
        differences: Kind of loss (see `formats.lost`) → how often it was found: "pixels" that
            have another class, "overlap" for pixels that objects lost to those that lie on them,
            "identity" for objects that are not found again, "crowds", "scores" and "attributes" of
            objects that are found, "splits", "groups" and "colours".
        unexplained: Kind → how many of these go beyond what was counted while writing.
        suspects: Keys of the pictures in which anything is unexplained.
    """

    classes: dict[str, Tally] = field(default_factory=dict)
    differences: Counter[str] = field(default_factory=Counter)
    unexplained: Counter[str] = field(default_factory=Counter)
    suspects: list[str] = field(default_factory=list)

    def total(self) -> Tally:
        """The sum over all classes."""
        total = Tally()
        for one in self.classes.values():
            total += one
        return total


def partners(before: Dataset, after: Dataset) -> list[Entry]:
    """The entry of `after` for every entry of `before`: formats may flatten names or add a split.

    Raises:
        DataError: A picture that is not there again, or one that was not there before.
    """
    by_key = {entry.key: entry for entry in after.entries}
    found: list[Entry] = []
    missing: list[str] = []
    for entry in before.entries:
        names = (entry.key, flat(entry.key), entry.key.rpartition("/")[2])
        tried = [f"{place}{name}" for name in names for place in ("", f"{entry.split}/")]
        match = next((by_key.pop(name) for name in tried if name in by_key), None)
        if match is None:
            missing.append(entry.key)
        else:
            found.append(match)
    if missing or by_key:
        what = f"without {listed(missing)}" if missing else f"with {listed(by_key)} besides"
        raise DataError(f"it is read back {what}", where=after.root)
    return found


def compare(
    before: Dataset,
    after: Dataset,
    *,
    account: Account | None = None,
    progress: Callable[[int], None] = lambda done: None,
) -> Comparison:
    """Reads both datasets and counts every difference; few pictures are in memory at a time.

    Args:
        before: What was written, picture by picture in the order of the account.
        after: What is read back.
        account: What was counted while writing; None if nothing was.
        progress: Called with the number of pictures done.

    Raises:
        DataError: They do not have the same pictures, or one cannot be read.
    """
    account = account or Account()
    entries = partners(before, after)
    found = Comparison({name: Tally() for name in (*before.classes.names, IGNORED)})
    found.differences.update(declared_differences(before, after, entries))
    found.unexplained.update(_beyond(found.differences, account.whole))

    def one(item: tuple[int, tuple[Entry, Entry]]) -> Comparison:
        number, (old, new) = item
        return _compare_labels(old.labels.read(), new.labels.read(), account.of(number))

    pairs = enumerate(zip(before.entries, entries, strict=True))
    for done, ((_, (entry, _)), future) in enumerate(in_order(one, pairs), start=1):
        part = future.result()
        found.differences.update(part.differences)
        found.unexplained.update(part.unexplained)
        found.suspects += [entry.key] if part.unexplained else []
        for name, tally in part.classes.items():
            found.classes[name] += tally
        progress(done)
    return found


def _beyond(differences: Mapping[str, int], counted: Mapping[str, int]) -> Counter[str]:
    """Kind of difference → by how much it exceeds what was counted; those alone that do."""
    excess = Counter(
        {
            kind: number - sum(counted.get(one, 0) for one in _COVERED_BY.get(kind, (kind,)))
            for kind, number in differences.items()
        }
    )
    return +excess


def declared_differences(before: Dataset, after: Dataset, entries: Sequence[Entry]) -> Counter[str]:
    """Differences in what is said of pictures and classes."""
    pairs = list(zip(before.entries, entries, strict=True))
    colour_of = dict(zip(after.classes.names, after.classes.colours, strict=True))
    named = zip(before.classes.names, before.classes.colours, strict=True)
    return Counter(
        splits=sum(old.split != new.split for old, new in pairs),
        groups=_regrouped([old.group for old, _ in pairs], [new.group for _, new in pairs]),
        colours=sum(colour_of.get(name) != colour for name, colour in named),
    )


def _regrouped(before: Sequence[str | None], after: Sequence[str | None]) -> int:
    """Pictures that do not stay with those of their group; what a group is called is no matter."""
    together: defaultdict[str | None, set[str | None]] = defaultdict(set)
    apart: defaultdict[str | None, set[str | None]] = defaultdict(set)
    for old, new in zip(before, after, strict=True):
        together[old].add(new)
        apart[new].add(old)
    return sum(
        old is not None and (new is None or len(together[old]) > 1 or len(apart[new]) > 1)
        for old, new in zip(before, after, strict=True)
    )


def _compare_labels(before: Labels, after: Labels, counted: Mapping[str, int]) -> Comparison:
    """What became of one picture, of which these losses were counted."""
    found = Comparison(defaultdict(Tally))
    different = _compare_pixels(before, after, found)
    if isinstance(before, Instances):
        _compare_objects(before, after, found)
    found.unexplained = _beyond(found.differences, counted)
    # Pixels have causes with a place: elsewhere nothing can have changed.
    elsewhere = different & ~_concerned(before, counted) if different.any() else different
    found.unexplained["pixels"] = int(np.count_nonzero(elsewhere))
    found.unexplained = +found.unexplained
    return found


def _concerned(before: Labels, counted: Mapping[str, int]) -> np.ndarray:
    """Where the losses of a picture can have changed what a network would learn, (Y, X) bool."""
    height, width = before.size_hw
    concerned = np.zeros(height * width, bool)  # column-major
    if isinstance(before, Instances):
        times = np.zeros(height * width, np.uint32)
        for one, region in zip(before.objects, before.regions, strict=True):
            times[region.positions()] += 1
            if counted.get("crowds") and one.is_crowd:
                concerned[region.positions()] = True
        if counted.get("layers"):
            concerned |= times > 1
    concerned = concerned.reshape(width, height).T
    if counted.get("ignored"):
        drawn = as_label_map(before)
        concerned = concerned | (drawn.ids == drawn.classes.ignore_index)
    return concerned


def _compare_pixels(before: Labels, after: Labels, found: Comparison) -> np.ndarray:
    """Counts pixels of another class and says where they are, (Y, X) bool."""
    names = [*before.classes.names, IGNORED]
    place = {name: index for index, name in enumerate(names)}
    others = (name for name in after.classes.names if name not in place)
    place |= {name: len(names) + index for index, name in enumerate(others)}
    old, new = _by_name(before, place), _by_name(after, place)
    if old.shape != new.shape:
        raise DataError(f"labels of {old.shape} are read back as {new.shape} (height, width)")
    different = old != new
    pixels = np.bincount(old.ravel(), minlength=len(names))
    changed = np.bincount(old[different], minlength=len(names))
    for index in np.flatnonzero(pixels).tolist():
        tally = found.classes[names[index]]
        tally.pixels, tally.changed = int(pixels[index]), int(changed[index])
    found.differences["pixels"] += int(changed.sum())
    return different


def _by_name(labels: Labels, place: Mapping[str, int]) -> np.ndarray:
    """The number of the class name of every pixel, (Y, X)."""
    drawn = as_label_map(labels)
    table = np.full(drawn.classes.ignore_index + 1, place[IGNORED], dtype=np.int32)
    table[: len(drawn.classes)] = [place[name] for name in drawn.classes.names]
    return table[drawn.ids]


def _compare_objects(before: Instances, after: Labels, found: Comparison) -> None:
    """Counts objects that have no equal, and what is no longer said of those that have one."""
    there: defaultdict[object, list[Instance]] = defaultdict(list)
    now = as_instances(after)  # the one object of a class can be told in a label map
    for instance, region in zip(now.objects, now.regions, strict=True):
        there[_name(instance, now.classes), _pixels(region)].append(instance)
    missing: list[int] = []
    for position, (instance, region) in enumerate(zip(before.objects, before.regions, strict=True)):
        name = _name(instance, before.classes)
        found.classes[name].objects += 1
        if not _equal(instance, there[name, _pixels(region)], found):
            missing.append(position)
    if missing:
        _compare_seen(before, missing, there, found)


def _compare_seen(
    before: Instances,
    missing: Sequence[int],
    there: Mapping[object, list[Instance]],
    found: Comparison,
) -> None:
    """Looks for what can be seen of objects that are not there whole."""
    seen = regions_by_id(before.numbers())
    height, width = before.size_hw
    covered = np.zeros(height * width, bool)
    for position in missing:
        instance, region = before.objects[position], before.regions[position]
        name = _name(instance, before.classes)
        part = seen.get(position + 1)
        if part is not None and _equal(instance, there[name, _pixels(part)], found):
            covered[(region - part).positions()] = True
            found.classes[name].cut += 1
        else:
            found.classes[name].lost += 1
            found.differences["identity"] += 1
    found.differences["overlap"] += int(np.count_nonzero(covered))


def _equal(instance: Instance, same: list[Instance], found: Comparison) -> bool:
    """Takes an object's equal out of those on the same pixels and counts what it no longer says."""
    if not same:
        return False
    # Of several, the one that says the most of the same is its equal.
    best = min(same, key=lambda one: len(_unsaid(instance, one) + _unsaid(one, instance)))
    same.remove(best)
    found.differences.update(_unsaid(instance, best))
    return True


def _pixels(region: RunLengths) -> bytes:
    """A region's pixels; equal ones are equal however their runs were cut."""
    return (region | region).counts.tobytes()


def _name(instance: Instance, classes: Classes) -> str:
    is_ignored = instance.class_id == classes.ignore_index
    return IGNORED if is_ignored else classes.names[instance.class_id]


def _unsaid(before: Instance, after: Instance) -> list[str]:
    """What is said of an object and no longer of its equal."""
    lost = ["crowds"] if before.is_crowd != after.is_crowd else []
    lost += ["scores"] if before.score is not None and before.score != after.score else []
    kept = all(_same(value, after.attributes.get(key)) for key, value in before.attributes.items())
    return lost if kept else [*lost, "attributes"]


def _same(value: object, other: object) -> bool:
    """Whether two attributes are equal, if need be as text: XML knows no numbers."""
    return value == other or str(value).lower() == str(other).lower()
