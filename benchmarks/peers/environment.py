"""An environment for each peer, made of what `NAME.txt` pins, outside of the project's own."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

_HERE = Path(__file__).parent

OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "NO_ALBUMENTATIONS_UPDATE": "1",
    "WANDB_MODE": "disabled",
    "YOLO_AUTOINSTALL": "false",
    "YOLO_OFFLINE": "true",
}
"""Keeps peers from fetching weights, looking for updates and sending statistics."""


def python_of(name: str, folder: Path) -> Path:
    """The Python of a peer's environment, which is made where it is missing or outdated.

    Args:
        name: There is a `NAME.txt` here.
        folder: Keeps the environments.
    """
    wanted = (_HERE / f"{name}.txt").read_text(encoding="utf-8")
    home = folder.resolve() / name
    python, made_of = home / "bin" / "python", home / "made-of.txt"
    if not made_of.is_file() or made_of.read_text(encoding="utf-8") != wanted:
        print(f"making the environment of {name}", file=sys.stderr, flush=True)
        _uv("venv", "--quiet", "--clear", "--python", sys.executable, home)
        install = ("pip", "install", "--quiet", "--compile-bytecode")  # no part of any start-up
        _uv(*install, "--python", python, "-r", _HERE / f"{name}.txt")
        made_of.write_text(wanted, encoding="utf-8")
    return python


def versions(name: str) -> str:
    """What is pinned for a peer, in one line."""
    return ", ".join((_HERE / f"{name}.txt").read_text(encoding="utf-8").split())


def _uv(*arguments: object) -> None:
    found = shutil.which("uv")
    command = [found] if found else [sys.executable, "-m", "uv"]
    subprocess.run([*command, *map(str, arguments)], check=True)
