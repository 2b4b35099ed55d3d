"""Objects for formats that know shapes and names alone: no crowds, no scores, no layers."""

from __future__ import annotations

from dataclasses import replace

from segwright.formats.lost import Losses
from segwright.labels.classes import Classes
from segwright.labels.instances import Instance, Instances, Labels, as_instances
from segwright.labels.shapes import Polygons


def plain_objects(labels: Labels, losses: Losses, *, layers: bool = False) -> Instances:
    """What such a format holds of a picture's objects; what it does not hold is counted.

    A crowd becomes a region wherever no object lies on it, ignored unless crowds are exact, so that
    the pixels keep their meaning.

    Args:
        labels: What is drawn on the picture.
        losses: Is told of crowd marks, scores and layers.
        layers: Whether the format holds layers.
    """
    drawn = as_instances(labels)
    losses.add("crowds", sum(one.is_crowd for one in drawn.objects))
    losses.add("scores", sum(one.score is not None for one in drawn.objects))
    if not layers:
        count_layers(drawn, losses)
    if any(one.is_crowd for one in drawn.objects):
        drawn = _without_crowds(drawn)
    return drawn


def count_layers(drawn: Instances, losses: Losses) -> None:
    """Counts a picture in which other objects lie on top once layers are gone."""
    if len({one.layer for one in drawn.objects}) > 1:
        flat = replace(drawn, objects=tuple(replace(one, layer=0) for one in drawn.objects))
        losses.add("layers", int((flat.label_map().ids != drawn.label_map().ids).any()))


def _without_crowds(drawn: Instances) -> Instances:
    """The objects with rough crowds as ignored regions that no object lies on."""
    if drawn.crowds_are_exact:
        return drawn.with_objects(replace(one, is_crowd=False) for one in drawn.objects)
    pairs = list(zip(drawn.objects, drawn.regions, strict=True))
    covered = [region for one, region in pairs if not one.is_crowd]
    objects = []
    for one, region in pairs:
        if one.is_crowd:
            for other in covered:
                region -= other
            if not region.area_px:
                continue
            ignore = drawn.classes.ignore_index
            one = replace(one, class_id=ignore, is_crowd=False, shape=region, layer=0)
        objects.append(one)
    return Instances(drawn.size_hw, tuple(objects), drawn.classes)


def single_ring(instance: Instance) -> bool:
    """Whether an object is one ring without holes, all that many formats can draw."""
    shape = instance.shape
    return isinstance(shape, Polygons) and len(shape.parts) == 1 and not shape.num_holes


def lost_colours(classes: Classes) -> int:
    """How many classes have a colour that they would not be given anew."""
    plain = Classes.named(classes.names, background=classes.background)
    pairs = zip(plain.colours, classes.colours, strict=True)
    return sum(ours != theirs for ours, theirs in pairs)
