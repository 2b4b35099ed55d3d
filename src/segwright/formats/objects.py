"""Names of object classes to class ids: what all formats of drawn objects have in common.

In these formats what no object covers has no name. It becomes class 0, "background", unless
`dataset.yaml` names another class as background, or says `background: false`: then every class is
a thing of interest and what nobody drew is ignored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from segwright.errors import DataError, LabelError, UnknownNameError
from segwright.formats.naming import Naming, means_ignored, name_classes
from segwright.formats.settings import DatasetSettings, DeclaredClass


def name_objects(
    names: Sequence[str],
    settings: DatasetSettings,
    *,
    where: Path,
    colours: Mapping[str, tuple[int, int, int]] | None = None,
) -> Naming:
    """Finds the class of every object name.

    Args:
        names: The names that the files declare or use, in their order, each once.
        settings: What dataset.yaml declares.
        where: The file or folder to name in messages.
        colours: Colours that the files give, for names that dataset.yaml gives none.

    Returns:
        The classes, and name → class id (or the ignore index).

    Raises:
        LabelError: A name that dataset.yaml, if it names classes, does not know.
        UnknownNameError: A name under `background` or `ignore` that is no class.
        DataError: A setting that is about mask pictures, or no name at all.
    """
    for key in ("threshold", "values"):
        if getattr(settings, key) is not None:
            raise DataError(
                f"{key!r} is about mask pictures, but the labels are drawn objects",
                where=where,
                remedy=f"Remove {key!r} from dataset.yaml",
            )
    if not names and not settings.classes:
        raise DataError(
            "names no class", where=where, remedy="Name the classes in the file or classes.txt"
        )
    if not all(names):
        raise DataError(
            "has an object whose class has an empty name", where=where, remedy="Name its class"
        )
    colours = colours or {}
    ignored = [name for name in names if means_ignored(name) and name != settings.background]
    declared = list(
        settings.classes
        or (DeclaredClass(name=n, colour=colours.get(n)) for n in names if n not in ignored)
    )
    known = {one.name for one in declared}
    for name in names:
        if name not in known and name not in ignored:
            unknown = UnknownNameError("class", name, known, where=where)
            raise LabelError(unknown.problem, where=where, remedy=unknown.remedy)
    unasked = [name for name in ignored if name not in known]
    declared += [DeclaredClass(name=name) for name in unasked]
    if unasked:
        settings = settings.model_copy(update={"ignore": (*settings.ignore, *unasked)})
    if settings.background is False:
        return name_classes(declared, settings, where=where)
    background = settings.background or next(
        (one.name for one in declared if one.name.lower() == "background"), "background"
    )
    # Class 0 is what no object covers.
    nothing = [one for one in declared if one.name == background]
    things = [one for one in declared if one.name != background]
    declared = [*(nothing or [DeclaredClass(name=background)]), *things]
    settings = settings.model_copy(update={"background": background})
    return name_classes(declared, settings, where=where)
