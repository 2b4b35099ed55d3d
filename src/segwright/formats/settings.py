"""`dataset.yaml` and `classes.txt`: what the user declares about a dataset."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from segwright.errors import DataError, UnknownNameError
from segwright.formats.entry import UNDIVIDED, listed
from segwright.formats.strict_yaml import parse_yaml

_MAX_BYTES = 4 * 1024 * 1024

Colour = tuple[int, int, int]


def _as_class(value: object) -> object:
    return {"name": value} if isinstance(value, str) else value


def _as_tuple(value: object) -> object:
    if isinstance(value, list):
        return tuple(value)
    return value if isinstance(value, tuple) else (value,)


class DeclaredClass(BaseModel):
    """One class: a name alone, or `{name: road, colour: [128, 64, 128]}` (or "#804080")."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: str = Field(min_length=1)
    colour: Colour | None = None

    @field_validator("colour", mode="before")
    @classmethod
    def _read_colour(cls, value: object) -> object:
        if isinstance(value, str):
            if not re.fullmatch(r"#[0-9a-fA-F]{6}", value):
                raise ValueError(f"{value!r} is no colour; write '#rrggbb' or [red, green, blue]")
            return tuple(bytes.fromhex(value[1:]))
        if isinstance(value, list):
            value = tuple(value)
        if isinstance(value, tuple) and not all(
            type(part) is int and 0 <= part <= 255 for part in value
        ):
            raise ValueError(f"{value} is no colour; red, green and blue are 0 … 255")
        return value


class DatasetSettings(BaseModel):
    """The keys of `dataset.yaml`; all are optional.

    Attributes:
        classes: Class names in the order of their mask values, with optional colours. Where masks
            are RGB pictures, the colours say which class a pixel has.
        ignore: Mask values (COCO: category ids) or class names that nobody should learn from or be
            judged on.
        background: Name of the class that means "nothing"; false if every class is of interest.
            Of drawn objects, what nobody drew is then ignored instead of being background.
        format: The format of the labels, if several would fit the folder.
        class_property: GeoJSON: the property of a feature that names its class.
        groups: Regular expression searched in the key of every picture; its first group (or the
            whole match) names the patient, scene or video that must not be split.
        splits: For each of train, val, test: folders, picture names, or patterns with * and ?;
            under "undivided" those that are in none.
        spacing: Size of a pixel in millimetres: one number, or [vertical, horizontal].
        threshold: Masks are grey pictures; from this value on a pixel is foreground.
        values: Mask value → class name, where the values are not 0, 1, 2 …
        images: Folder of the pictures, by its place in the dataset or its name alone; or a pattern
            with * that the names of the files match, where they lie beside the masks.
        masks: The same for the masks, which say the class of every pixel.
        instances: The same for masks whose values only tell objects apart.
        field_of_view: The same for masks that are 0 where pixels are to be ignored.
        ignore_masks: The same for masks that are not 0 where pixels are to be ignored.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    classes: Annotated[
        tuple[Annotated[DeclaredClass, BeforeValidator(_as_class)], ...] | None,
        BeforeValidator(lambda value: tuple(value) if isinstance(value, list) else value),
    ] = None
    ignore: Annotated[tuple[int | str, ...], BeforeValidator(_as_tuple)] = ()
    background: str | Literal[False] | None = None
    format: str | None = None
    class_property: str | None = None
    groups: str | None = None
    splits: dict[str, Annotated[tuple[str, ...], BeforeValidator(_as_tuple)]] | None = None
    spacing: Annotated[tuple[float, ...], BeforeValidator(_as_tuple)] | None = None
    threshold: int | None = Field(default=None, ge=1, le=65535)
    values: dict[int, str] | None = None
    images: str | None = None
    masks: str | None = None
    instances: str | None = None
    field_of_view: str | None = None
    ignore_masks: str | None = None

    @field_validator("ignore")
    @classmethod
    def _natural(cls, value: tuple[int | str, ...]) -> tuple[int | str, ...]:
        negative = [one for one in value if isinstance(one, int) and one < 0]
        if negative:
            raise ValueError(f"{negative[0]} is no mask value; accepted are 0 and above")
        return value

    @field_validator("groups")
    @classmethod
    def _compiles(cls, value: str | None) -> str | None:
        try:
            re.compile(value or "")
        except re.error as error:
            raise ValueError(f"{value!r} is no regular expression ({error})") from None
        return value

    @field_validator("splits")
    @classmethod
    def _known_splits(cls, value: dict[str, tuple[str, ...]] | None) -> object:
        unknown = sorted(set(value or {}) - {"train", "val", "test", UNDIVIDED})
        if unknown:
            raise ValueError(
                f"{listed(unknown)} is no split; the splits are train, val and test, and what "
                f"is in none of them is {UNDIVIDED}"
            )
        return value

    @field_validator("spacing")
    @classmethod
    def _positive_spacing(cls, value: tuple[float, ...] | None) -> tuple[float, ...] | None:
        if value is None:
            return None
        if len(value) > 2 or not all(math.isfinite(side) and side > 0 for side in value):
            raise ValueError(f"{list(value)} is no spacing; give one or two positive numbers in mm")
        return value * 2 if len(value) == 1 else value

    @model_validator(mode="after")
    def _agree(self) -> DatasetSettings:
        if self.threshold is not None and self.values is not None:
            raise ValueError("'threshold' and 'values' both say what a mask value means; keep one")
        if self.threshold is not None and self.ignore:
            raise ValueError("'ignore' has no meaning for masks that are cut at a 'threshold'")
        return self


def read_settings(root: Path) -> DatasetSettings:
    """Reads `dataset.yaml` and `classes.txt` of a dataset folder; both may be absent.

    Raises:
        UnknownNameError: A key that is none of the settings; says the nearest.
        DataError: A file that cannot be read, a value that is not accepted, or class names that
            stand in both files and differ.
    """
    settings, names = _read_yaml(root / "dataset.yaml"), read_names(root / "classes.txt")
    if names is None:
        return settings
    if settings.classes is None:
        classes = tuple(DeclaredClass(name=name) for name in names)
        return settings.model_copy(update={"classes": classes})
    if [declared.name for declared in settings.classes] != names:
        raise DataError(
            "classes.txt and dataset.yaml name different classes",
            where=root,
            remedy="Keep the names in one of the two",
        )
    return settings


def _read_yaml(path: Path) -> DatasetSettings:
    if not path.exists():
        return DatasetSettings()
    try:
        content = parse_yaml(_text(path)) or {}
    except ValueError as error:
        raise DataError(f"not readable as YAML: {error}", where=path) from None
    if not isinstance(content, dict):
        raise DataError(
            f"holds a {type(content).__name__}, not keys with values",
            where=path,
            remedy=f"Write one or more of: {', '.join(DatasetSettings.model_fields)}",
        )
    for key in content:
        if key not in DatasetSettings.model_fields:
            raise UnknownNameError("setting", str(key), DatasetSettings.model_fields, where=path)
    try:
        return DatasetSettings.model_validate(content)
    except ValidationError as error:
        raise DataError(_first_problem(error), where=path, remedy="Correct the value") from None


def _first_problem(error: ValidationError) -> str:
    """The first finding of pydantic in one line: where, what is wrong, what was given."""
    finding = error.errors()[0]
    place = ".".join(str(part) for part in finding["loc"] if part not in ("function-after",))
    message = finding["msg"].removeprefix("Value error, ")
    given = "" if finding["type"] == "value_error" else f" (given: {finding['input']!r:.80})"
    return f"{place}: {message}{given}" if place else f"{message}{given}"


def read_names(path: Path) -> list[str] | None:
    """Class names, one a line; empty lines and lines that begin with # are left out."""
    if not path.exists():
        return None
    lines = (line.strip() for line in _text(path).splitlines())
    names = [line for line in lines if line and not line.startswith("#")]
    if not names:
        raise DataError("names no class", where=path, remedy="Write one class name a line")
    return names


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise DataError(
                f"is {path.stat().st_size} bytes long; accepted are {_MAX_BYTES} at most",
                where=path,
                remedy="Is this the right file? Leave only settings and class names in it",
            )
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"cannot be read as text: {error}", where=path) from None
