"""The README does what it says: its Python runs, its commands exist, its files and links are there.

The Python examples run word for word on a small data set; only the ten minutes they ask for become
four training steps. Blocks of one page share their folder, as a reader's would.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml
from tests.docs.conftest import ROOT, snippets

import segwright
from segwright.cli.app import app
from segwright.formats.settings import DatasetSettings

PAGES = ("README.md", "README.zh-CN.md")
QUICK = {
    "steps": 4,
    "batch_size": 2,
    "input.crop_hw": [64, 64],
    "model.config": {"widths": [8, 8, 8], "depths": [1, 1, 1]},
}


@pytest.mark.parametrize("page", PAGES)
def test_python_examples_run(
    page: str,
    photos: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in ("photos", "new_photos"):
        (tmp_path / name).symlink_to(photos / name)
    monkeypatch.chdir(tmp_path)
    for verb in ("train", "make_plan"):
        _make_quick(verb, monkeypatch)
    for snippet in snippets(page, "python"):
        exec(compile(snippet.text, snippet.place, "exec"), {"__name__": "__main__"})
    assert (tmp_path / "masks" / "a.png").is_file()
    assert (tmp_path / "runs" / "second" / "report.html").is_file()
    assert "gravel" in capsys.readouterr().out


def _make_quick(verb: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = getattr(segwright, verb)

    def quick(*arguments: Any, budget_s: float, **options: Any) -> Any:
        assert budget_s == 600
        return real(*arguments, settings=QUICK, device="cpu", **options)

    monkeypatch.setattr(segwright, verb, quick)


def _commands(page: str) -> list[tuple[str, list[str]]]:
    """Every `segwright …` in the shell blocks and in the running text of a page.

    In blocks it may be started by something else: `torchrun … -m segwright …`.
    """
    text = (ROOT / page).read_text(encoding="utf-8")
    inline = re.findall(r"`(segwright [^`]+)`", text)
    blocks = "\n".join(block.text for block in snippets(page, "sh"))
    lines = [*inline, *re.findall(r"^(?:.* -m )?(segwright .*)$", blocks, re.MULTILINE)]
    return [(line, shlex.split(line, comments=True)[1:]) for line in lines]


@pytest.mark.parametrize(
    ("page", "line", "arguments"),
    [(page, *command) for page in PAGES for command in _commands(page)],
)
def test_commands_are_understood(page: str, line: str, arguments: list[str]) -> None:
    group = typer.main.get_command(app)
    context = group.make_context("segwright", [*arguments], resilient_parsing=False)
    if arguments[0].startswith("-"):
        return
    name, command, rest = group.resolve_command(context, context._protected_args + context.args)  # type: ignore[attr-defined]
    assert command is not None, f"{page}: {line}"
    command.make_context(name, rest, parent=context)


@pytest.mark.parametrize("page", PAGES)
def test_the_settings_shown_are_settings(page: str) -> None:
    (shown,) = snippets(page, "yaml")
    settings = DatasetSettings.model_validate(yaml.safe_load(shown.text))
    assert settings.groups is not None
    assert re.search(settings.groups, "patient12_slice3")[1] == "patient12"


@pytest.mark.parametrize("page", [*PAGES, "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_and_files_named_exist(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", text)
    named = re.findall(r"`((?:src|tests|examples|benchmarks)/[\w./-]+)`", text)
    missing = [
        path for path in [*links, *named] if "NAME" not in path and not (ROOT / path).exists()
    ]
    assert not missing


def test_every_room_is_in_the_architecture_page() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    source = ROOT / "src" / "segwright"
    rooms = {path.parent.name for path in source.glob("*/__init__.py")}
    rooms |= {path.stem for path in source.glob("[a-z]*.py")}
    told = set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`.*?) \|", text, re.MULTILINE))))
    assert told == rooms
