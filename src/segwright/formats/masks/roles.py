"""What the name of a folder or file says about what it holds: pictures, masks, a split.

Names are taken apart into words ("JPEGImages" is jpeg + images, "trainannot" is train + annot), and
the words are looked up in the tables below. A name that says nothing has no role; nothing is
guessed from the pixels.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from segwright.formats.entry import split_of_name

Role = Literal["images", "masks", "instances", "field_of_view", "ignore_masks"]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_IMAGES = _words(
    "images image img imgs jpegimages frames frame rgb photos photo pictures picture pics "
    "input inputs original originals"
)
_MASKS = _words(
    "masks mask labels label labelled annotations annotation annots annot anno annos gt gts "
    "groundtruth truth targets target segmentations segmentation segs seg manual labelmaps "
    "labelmap trimaps trimap"
)
# Words that say so only if nothing else stands beside them.
_IMAGES_ALONE = _words("data raw x sat source sources src scans slices jpg jpgs")
_MASKS_ALONE = _words("y map maps output outputs")
_INSTANCES = _words("instance instances inst")
_VIEWS = _words("fov roi fieldofview")
_IGNORED = _words("ignore ignored void dontcare")
# Pictures that are neither what a network sees nor what it should say.
_NEITHER = _words(
    "depth edges edge boundary boundaries contours contour overlay overlays preview previews "
    "vis viz visualization visualisation thumbnails thumbs bbox boxes predictions prediction"
)
_OF_A_SPLIT = _words("set data dataset split stage part")

_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+|[^\W\d_]+")


@dataclass(frozen=True)
class Name:
    """What a name says.

    Attributes:
        role: What the folder holds; None if the name does not say.
        split: "train", "val" or "test" if the name holds that word once; None otherwise.
        rest: The words that say neither, joined by blanks ("stage1_train_images" → "stage 1").
    """

    role: Role | None
    split: str | None
    rest: str

    @property
    def is_split(self) -> bool:
        """Whether the name says the split and nothing else that matters ("train_set")."""
        words = self.rest.split()
        neutral = all(word.isdigit() or word in _OF_A_SPLIT for word in words)
        return self.split is not None and self.role in (None, "images") and neutral


def read_name(name: str) -> Name:
    """Takes a folder's name apart.

    Example:
        >>> read_name("train_masks")
        Name(role='masks', split='train', rest='')
        >>> read_name("gt_instance_image").role
        'instances'
    """
    words = words_of(name)
    splits = [word for word in words if split_of_name(word)]
    split = split_of_name(splits[0]) if len(splits) == 1 else None
    others = [word for word in words if word not in splits] if split else words
    known = _IMAGES | _MASKS | _INSTANCES | _VIEWS | _IGNORED
    rest = " ".join(word for word in others if word not in known)
    return Name(_role(others), split, rest)


def words_of(name: str) -> list[str]:
    """The words of a name in lower case; a split and a role that are glued together are two."""
    words: list[str] = []
    for word in _WORD.findall(name):
        words += _unglued(word.lower())
    return words


def names_a_mask(word: str) -> bool:
    """Whether a word at the end or beginning of a file's name says that it is a mask."""
    return word in _MASKS


def names_a_picture(word: str) -> bool:
    """Whether a word at the end or beginning of a file's name says that it is a picture."""
    return word in _IMAGES or word == "sat"


def _role(words: list[str]) -> Role | None:
    said = frozenset(words)
    if said & _VIEWS or {"field", "view"} <= said:
        return "field_of_view"
    if said & _IGNORED or {"dont", "care"} <= said:
        return "ignore_masks"
    if said & _NEITHER:
        return None
    if said & _INSTANCES:
        return "instances"
    if said & _MASKS:
        return "masks"
    if said & _IMAGES:
        return "images"
    if len(words) == 1 and words[0] in _IMAGES_ALONE | _MASKS_ALONE:
        return "images" if words[0] in _IMAGES_ALONE else "masks"
    return None


def _unglued(word: str) -> list[str]:
    """ "trainannot" as "train" and "annot"; other words as they are."""
    for at in range(2, len(word) - 1):
        start, end = word[:at], word[at:]
        for split, role in ((start, end), (end, start)):
            if split_of_name(split) and role in _IMAGES | _MASKS:
                return [start, end]
    return [word]
