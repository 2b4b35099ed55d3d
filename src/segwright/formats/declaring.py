"""dataset.yaml, written beside a dataset whose own files cannot say all that we know of it."""

from __future__ import annotations

from typing import Any

import yaml

from segwright.formats.writing import Export
from segwright.storage import write_whole


def write_declaration(export: Export, format: str, **further: Any) -> None:
    """Writes the names and colours of the classes, and which of them is background.

    Args:
        export: Its folder and classes.
        format: The name of the format in `formats.catalog`.
        further: Further keys of `formats.settings.DatasetSettings` with plain values.

    Raises:
        StorageError: It cannot be written.
    """
    classes = export.classes
    content: dict[str, Any] = {
        "format": format,
        "classes": [
            {"name": name, "colour": "#{:02x}{:02x}{:02x}".format(*colour)}
            for name, colour in zip(classes.names, classes.colours, strict=True)
        ],
        "background": False if classes.background is None else classes.names[classes.background],
        **further,
    }
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, default_flow_style=None)
    write_whole(export.folder / "dataset.yaml", text, sync=False)
