"""What a run remembers of how its segmenter came about, as a YAML file in its folder."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Self

import yaml
from pydantic import BaseModel, ConfigDict

from segwright.dataset.class_map import ClassMap
from segwright.errors import DataError
from segwright.formats.strict_yaml import parse_yaml


class Recorded(BaseModel):
    """Settings and how they came about; subclasses say in which file.

    Attributes:
        file: Its name in the folder.
        classes: The class map that the segmenter was trained with, if there was one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    file: ClassVar[str]
    classes: dict[str, list[str] | str] | None = None

    @property
    def class_map(self) -> ClassMap | None:
        return None if self.classes is None else ClassMap.from_content(self.classes)

    def to_yaml(self) -> str:
        content = self.model_dump(mode="json")
        return yaml.safe_dump(content, sort_keys=False, allow_unicode=True)

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Reads that of a folder.

        Raises:
            DataError: It is damaged.
        """
        file = folder / cls.file
        try:
            return cls.model_validate(parse_yaml(file.read_text("utf-8")))
        except (OSError, ValueError) as error:
            raise DataError(f"cannot be read ({error})", where=file) from error
