"""What is installed here, what this machine can do, and whether it works.

torch is looked for by name and examined only where it is found: this runs in the light install.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import platform
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from segwright.verbs.extras import EXTRAS

# Instructions that change how fast networks run on a CPU, as Linux names them.
_CPU_FEATURES = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8")


@dataclass(frozen=True)
class Check:
    """Something that was tried.

    Attributes:
        name: What was tried.
        ok: Whether it worked.
        detail: What was found, or why it failed.
    """

    name: str
    ok: bool
    detail: str


@dataclass(frozen=True)
class ExtraFound:
    """Whether an extra is complete here.

    Attributes:
        name: The extra.
        missing: Packages of it that are not installed.
        enables: What works with it.
    """

    name: str
    missing: tuple[str, ...]
    enables: str


@dataclass(frozen=True)
class Findings:
    """What `examine` found.

    Attributes:
        versions: segwright, Python and every installed package it can use.
        machine: Platform, processor, threads, memory, free disk.
        devices: What networks can run on, with its name; empty without torch.
        extras: The optional parts.
        checks: What was tried.
    """

    versions: dict[str, str]
    machine: dict[str, str]
    devices: dict[str, str]
    extras: tuple[ExtraFound, ...]
    checks: tuple[Check, ...]

    @property
    def healthy(self) -> bool:
        """Whether all that was tried worked; an extra that is not installed is no fault."""
        return all(check.ok for check in self.checks)

    def to_json(self) -> str:
        """All findings as a JSON object, with `healthy`."""
        return json.dumps({"healthy": self.healthy, **asdict(self)}, indent=2, ensure_ascii=False)

    def text(self) -> str:
        """All findings for people."""
        extras = {
            f"[{extra.name}]": f"installed: {extra.enables}"
            if not extra.missing
            else f"lacks {', '.join(extra.missing)}; "
            f"in a checkout, pip install '.[{extra.name}]' brings: {extra.enables}"
            for extra in self.extras
        }
        checks = {
            check.name: f"{'ok' if check.ok else 'FAILED'}: {check.detail}" for check in self.checks
        }
        sections = {
            "Versions": self.versions,
            "Machine": self.machine,
            "Devices": self.devices or {"none": "torch is not installed"},
            "Extras": extras,
            "Checks": checks,
        }
        wide = max(len(key) for rows in sections.values() for key in rows)
        return "\n\n".join(
            "\n".join([title, *(f"  {key:{wide}}  {value}" for key, value in rows.items())])
            for title, rows in sections.items()
        )


def examine() -> Findings:
    """Looks at the installation and the machine, and tries the things all else rests on."""
    torch, torch_check = _torch()
    checks = [_tried("temporary files", _write_and_read), *_import_checks()]
    if torch_check is not None:
        checks.append(torch_check)
    devices = {} if torch is None else _devices(torch)
    for device in devices:
        checks.append(_tried(f"convolution on {device}", lambda: _convolve(torch, device)))  # noqa: B023 called at once
    return Findings(
        versions=_versions(),
        machine=_machine(torch),
        devices=devices,
        extras=_extras(),
        checks=tuple(checks),
    )


def _tried(name: str, attempt: Callable[[], str]) -> Check:
    """Runs `attempt`; whatever it raises is a finding, because a doctor must not fall ill."""
    try:
        return Check(name, True, attempt())
    except Exception as error:
        return Check(name, False, f"{type(error).__name__}: {error}")


def _torch() -> tuple[Any, Check | None]:
    """torch and how importing it went; (None, None) where it is not installed."""
    if importlib.util.find_spec("torch") is None:
        return None, None
    found: list[Any] = []

    def attempt() -> str:
        found.append(importlib.import_module("torch"))
        return found[0].__version__

    check = _tried("import torch", attempt)
    return (found[0] if found else None), check


def _import_checks() -> list[Check]:
    """Imports what is installed: a wheel may be here and yet lack a system library."""
    names = ("numpy", "PIL", "cv2", "torchvision", "timm")
    return [
        _tried(
            f"import {name}",
            lambda: str(getattr(importlib.import_module(name), "__version__", "found")),  # noqa: B023
        )
        for name in names
        if importlib.util.find_spec(name) is not None
    ]


def _versions() -> dict[str, str]:
    core = ("segwright", "numpy", "pillow", "pydantic", "safetensors")
    optional = [package for extra in EXTRAS.values() for package in extra.packages.values()]
    found = {"python": platform.python_version()}
    for package in (*core, *optional):
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def _extras() -> tuple[ExtraFound, ...]:
    return tuple(
        ExtraFound(
            name,
            tuple(
                package
                for import_name, package in extra.packages.items()
                if importlib.util.find_spec(import_name) is None
            ),
            extra.enables,
        )
        for name, extra in EXTRAS.items()
    )


def _machine(torch: Any) -> dict[str, str]:
    threads = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    free_gib = shutil.disk_usage(Path.cwd()).free / 2**30
    found = {
        "platform": platform.platform(),
        "processor": _processor(),
        "cpu features": ", ".join(_cpu_features()) or "not known on this platform",
        "threads": str(threads),
        "memory": _memory(),
        "free disk here": f"{free_gib:.1f} GiB",
    }
    if torch is not None:
        found["torch threads"] = str(torch.get_num_threads())
    return found


def _processor() -> str:
    return _cpuinfo("model name") or platform.processor() or platform.machine()


def _cpu_features() -> list[str]:
    flags = set(_cpuinfo("flags").split())
    return [feature for feature in _CPU_FEATURES if feature in flags]


def _cpuinfo(field: str) -> str:
    """A field of the first processor in /proc/cpuinfo; empty elsewhere than on Linux."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key.strip() == field:
            return value.strip()
    return ""


def _memory() -> str:
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return "not known on this platform"
    return f"{total / 2**30:.1f} GiB"


def _devices(torch: Any) -> dict[str, str]:
    found = {"cpu": f"{torch.get_num_threads()} threads, {torch.backends.cpu.get_cpu_capability()}"}
    for index in range(torch.cuda.device_count()):
        found[f"cuda:{index}"] = torch.cuda.get_device_name(index)
    if torch.backends.mps.is_available():
        found["mps"] = "Apple GPU"
    return found


def _write_and_read() -> str:
    written = os.urandom(2**16)
    with tempfile.TemporaryDirectory(prefix="segwright-") as folder:
        path = Path(folder) / "written"
        path.write_bytes(written)
        if path.read_bytes() != written:
            raise OSError("a file did not hold what was written to it")
        return f"written and read back in {Path(folder).parent}"


def _convolve(torch: Any, device: str) -> str:
    """A convolution whose result is known: ones under a 3 × 3 of ones over 4 channels give 36."""
    image = torch.ones(1, 4, 8, 8, device=device)
    kernel = torch.ones(2, 4, 3, 3, device=device)
    inner = torch.nn.functional.conv2d(image, kernel)
    if not bool((inner == 36).all()):
        raise ArithmeticError(f"expected 36 everywhere, got {inner.min():g} … {inner.max():g}")
    return "right result"
