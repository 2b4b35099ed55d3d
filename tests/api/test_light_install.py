"""What is loaded when, and what works where torch and OpenCV are not installed.

Each case runs in a process of its own, because this one has long loaded everything.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import segwright
from segwright.images import write_png
from segwright.models import build_model
from segwright.segmenter import NetSegmenter, Preparation

HEAVY = {"torch", "torchvision", "timm", "cv2", "scipy", "tensorboard"}

# Makes the optional packages look as if they were not installed.
WITHOUT_HEAVY = f"""
import sys

class Without:
    def __init__(self, finder):
        self._finder = finder
    def __getattr__(self, name):
        return getattr(self._finder, name)
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {HEAVY!r}:
            return None
        return self._finder.find_spec(name, path, target)

sys.meta_path[:] = map(Without, sys.meta_path)
"""


def _python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=120
    )


def _segwright_without_heavy(*arguments: str) -> subprocess.CompletedProcess[str]:
    return _python(WITHOUT_HEAVY + "from segwright.cli import main; main()", *arguments)


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import segwright", HEAVY | {"numpy", "PIL", "pydantic", "typer", "rich"}),
        ("import segwright.cli", HEAVY | {"numpy", "PIL", "pydantic", "typer", "rich"}),
        ("import segwright.cli.app", HEAVY | {"numpy", "PIL", "pydantic", "rich", "yaml"}),
        ("from segwright import Image, read_image, Classes, LabelMap, Result, Evaluation", HEAVY),
        ("from segwright import Dataset, open_dataset, Segmenter, load", HEAVY),
        ("import segwright.verbs.methods, segwright.verbs.doctor", HEAVY),
    ],
)
def test_importing_loads_no_more_than_is_needed(statement: str, absent: set[str]) -> None:
    told = _python(
        f"{statement}\nimport sys\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    )
    assert told.returncode == 0, told.stderr
    assert not absent & set(told.stdout.split())


def test_help_lists_every_command_without_loading_what_they_need() -> None:
    told = _python(
        "import sys\nfrom segwright.cli import main\n"
        "try:\n    main()\nfinally:\n"
        "    print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)",
        "--help",
    )
    for verb in ("plan", "train", "predict", "evaluate", "methods", "doctor"):
        assert f"\n  {verb} " in told.stdout
    assert not (HEAVY | {"numpy", "pydantic", "rich", "yaml"}) & set(told.stderr.split())


def test_methods_and_doctor_work_without_torch() -> None:
    listed = _segwright_without_heavy("methods")
    assert listed.returncode == 0, listed.stderr
    assert "unet" in listed.stdout
    examined = _segwright_without_heavy("doctor")
    assert examined.returncode == 0, examined.stderr + examined.stdout
    assert "pip install '.[train]'" in examined.stdout


@pytest.mark.parametrize("name", segwright.__all__)
def test_a_public_name_is_there_or_names_the_extra_that_brings_it(name: str) -> None:
    told = _python(
        WITHOUT_HEAVY
        + f"import segwright\ntry:\n    segwright.{name}\n"
        + "except segwright.MissingDependencyError as error:\n    print(error)"
    )
    assert told.returncode == 0, told.stderr
    assert (name == "make_plan") == ("[train]'" in told.stdout), told.stdout


def test_data_are_read_and_methods_scored_without_the_extra(tmp_path: Path) -> None:
    for folder in ("images", "masks"):
        (tmp_path / folder).mkdir()
    for value, name in enumerate("ab"):
        plane = np.full((8, 8), value, np.uint8)
        write_png(tmp_path / "images" / f"{name}.png", plane)
        write_png(tmp_path / "masks" / f"{name}.png", plane)
    told = _python(
        WITHOUT_HEAVY
        + """
import segwright
from segwright.evaluation import evaluate_parts

class Darkness:
    def segment(self, image):
        labels = segwright.LabelMap(image.pixels[..., 0], self.classes)
        return segwright.Result(labels)

data = segwright.open_dataset(sys.argv[1])
method = Darkness()
method.classes = data.classes
print(evaluate_parts([(method, data)]).mean_iou.value)
""",
        str(tmp_path),
    )
    assert told.stdout == "1.0\n", told.stderr


def test_loading_a_network_without_torch_names_the_extra(tmp_path: Path) -> None:
    config = {"base_width": 8, "depth": 2}
    NetSegmenter(
        build_model("unet", num_classes=2, in_channels=1, **config),
        segwright.Classes.named(("a", "b")),
        Preparation(channels=1, mean=(0.5,), std=(0.2,)),
        model_name="unet",
        model_config=config,
    ).save(tmp_path / "segmenter")
    told = _python(
        WITHOUT_HEAVY
        + "import segwright\ntry:\n    segwright.load(sys.argv[1])\n"
        + "except segwright.MissingDependencyError as error:\n    print(error)",
        str(tmp_path),
    )
    assert "pip install '.[train]'" in told.stdout, told.stderr


def test_training_without_torch_names_the_extra_that_brings_it(tmp_path: Path) -> None:
    ended = _segwright_without_heavy("train", str(tmp_path))
    assert ended.returncode == 1
    assert "pip install '.[train]'" in ended.stderr
    assert "Traceback" not in ended.stderr
