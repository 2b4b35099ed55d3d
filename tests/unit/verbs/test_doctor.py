"""The doctor: what it finds here, and that it stays calm where things are missing or broken."""

from __future__ import annotations

import importlib
import json
import tomllib
from pathlib import Path

import pytest

from segwright.errors import MissingDependencyError
from segwright.verbs import doctor
from segwright.verbs.extras import EXTRAS, missing_dependency


def test_this_machine_is_healthy_and_told_alike_in_text_and_json() -> None:
    findings = doctor.examine()
    told = json.loads(findings.to_json())
    assert findings.healthy
    assert told["healthy"] is True
    assert told["versions"]["numpy"] == importlib.import_module("numpy").__version__
    for key, value in {**told["versions"], **told["machine"], **told["devices"]}.items():
        assert key in findings.text()
        assert value in findings.text()


def test_a_wrong_convolution_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    right = torch.nn.functional.conv2d
    monkeypatch.setattr(torch.nn.functional, "conv2d", lambda x, k: right(x, k) + 1)
    findings = doctor.examine()
    failed = [check for check in findings.checks if not check.ok]
    assert [check.name for check in failed][:1] == ["convolution on cpu"]
    assert "expected 36" in failed[0].detail
    assert "FAILED" in findings.text()
    assert not findings.healthy


def test_a_package_that_is_broken_is_a_finding_not_a_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.import_module

    def broken(name: str, package: str | None = None) -> object:
        if name == "cv2":
            raise ImportError("libGL.so.1: cannot open shared object file")
        return real(name, package)

    monkeypatch.setattr(doctor.importlib, "import_module", broken)
    failed = [check for check in doctor.examine().checks if not check.ok]
    assert [(check.name, "libGL" in check.detail) for check in failed] == [("import cv2", True)]


def test_a_missing_package_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec
    hidden = {"torch", "timm"}
    monkeypatch.setattr(
        doctor.importlib.util, "find_spec", lambda name: None if name in hidden else real(name)
    )
    findings = doctor.examine()
    assert findings.healthy
    assert findings.devices == {}
    assert findings.extras[0].missing == ("torch", "timm")
    assert "pip install '.[train]'" in findings.text()


def test_a_full_disk_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    check = doctor.examine().checks[0]
    assert not check.ok
    assert "No space left" in check.detail


def test_the_extras_are_those_of_the_package() -> None:
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())["project"]
    declared = {
        name: {requirement.split(">")[0] for requirement in requirements}
        for name, requirements in project["optional-dependencies"].items()
        if name not in ("all", "dev")
    }
    assert declared == {name: set(extra.packages.values()) for name, extra in EXTRAS.items()}


def test_packages_are_found_by_the_name_they_are_imported_by() -> None:
    for name in ("cv2", "torch.nn"):
        error = missing_dependency(ModuleNotFoundError("none", name=name), purpose="this")
        assert isinstance(error, MissingDependencyError)
        assert "'.[train]'" in str(error)
    odd = ModuleNotFoundError("none", name="numpy")
    assert missing_dependency(odd, purpose="this") is odd
