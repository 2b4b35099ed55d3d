"""The page: well-formed, self-contained, escaped, complete, written whole or not at all."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import numpy as np
import pytest

from segwright.errors import StorageError
from segwright.evaluation import (
    Comparison,
    Panel,
    Report,
    ScoredPair,
    evaluate_pairs,
    write_report,
)
from segwright.evaluation.report.page import render, verdict
from segwright.evaluation.report.scores import seconds_text
from segwright.images.image import Image
from segwright.labels.classes import Classes
from segwright.labels.label_map import LabelMap

_VOID = {"meta", "img", "br", "link", "input", "hr"}
EVIL = '<b>"x"&\'</b><script>alert(1)</script>'


class Page(HTMLParser):
    """Reads a page strictly: every element is closed, in order."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def pairs_of(classes, number=12, seed=0):
    rng = np.random.default_rng(seed)
    for i in range(number):
        truth = rng.integers(0, len(classes), (20, 30)).astype(classes.dtype)
        keep = rng.random((20, 30)) < rng.uniform(0.5, 0.9)
        predicted = np.where(keep, truth, 0).astype(classes.dtype)
        yield ScoredPair(f"{i:02d}", None, LabelMap(truth, classes), LabelMap(predicted, classes))


def full_report(names, background=0):
    classes = Classes.named(names, background=background)
    pairs = {pair.key: pair for pair in pairs_of(classes)}
    evaluation = evaluate_pairs(pairs.values(), classes)
    image = Image.from_array(np.random.default_rng(0).random((20, 30), np.float32))
    panels = [
        Panel.of(score, image, pairs[score.key].truth, pairs[score.key].predicted, kind=kind)
        for kind, score in evaluation.showcase(worst=2, median=1, best=1)
    ]
    curves = [{"kind": "train", "step": s, "loss": 2 / s} for s in range(1, 20)]
    curves += [{"kind": "val", "step": s, "loss": 1.0, "mean_iou": s / 40} for s in (10, 19)]
    curves += [{"kind": "note", "text": names[0]}]
    other = evaluate_pairs(pairs_of(classes, seed=1), classes)
    comparisons = [Comparison(names[0], other), Comparison("subject", evaluation, 61, 0.02)]
    notes = [(names[0], names[1]), ("long", "line\n" * 300)]
    return Report(
        title=names[0],
        evaluation=evaluation,
        classes=classes,
        subtitle=names[1],
        panels=panels,
        curves=curves,
        comparisons=comparisons,
        notes=notes,
    )


def test_page_is_well_formed_and_holds_every_part():
    report = full_report(["nothing", "cell", "rim"])
    page = Page(render(report))
    for heading in (
        "Beside other methods",
        "Class by class",
        "The worst images",
        "The middle",
        "The best images",
        "What is taken for what",
        "How training went",
        "Notes",
        "How to read this",
        "best 47.5 % at step 19",
        "error: invented",
        "1 min 1 s",
    ):
        assert heading in page.text
    images = [attributes for tag, attributes in page.tags if tag == "img"]
    assert len(images) == 4 * 4
    for attributes in images:
        assert attributes["loading"] == "lazy" and attributes["alt"]
        assert attributes["src"].startswith("data:image/jpeg;base64,")
        assert (attributes["width"], attributes["height"]) == ("30", "20")


def test_page_needs_nothing_from_outside():
    text = render(full_report(["nothing", "cell", "rim"]))
    page = Page(text)
    assert not {"script", "link", "iframe", "object"} & {tag for tag, _ in page.tags}
    assert not re.search(r"https?:|@import|url\(", text)
    for _, attributes in page.tags:
        assert not any(name.startswith("on") for name in attributes)
        assert "href" not in attributes


def test_every_text_is_escaped():
    report = full_report([EVIL, f"{EVIL} 2", "rim"], background=None)
    text = render(report)
    page = Page(text)
    assert "<script" not in text and "<b>&quot;" not in text and '<b>"' not in text
    assert "script" not in {tag for tag, _ in page.tags}
    # As title, headline, class, method, note, heat map …
    assert page.text.count(EVIL) >= 6


def test_empty_parts_are_left_out():
    classes = Classes.named(["only"])
    evaluation = evaluate_pairs(pairs_of(classes, number=2), classes)
    page = Page(render(Report("t", evaluation, classes)))
    for heading in ("other methods", "images</h2>", "What is taken", "training went", "Notes"):
        assert heading not in page.text
    assert "no interval" in page.text and "the one class" in page.text
    assert "img" not in {tag for tag, _ in page.tags}


def test_the_subject_stands_out_and_the_best_comes_first():
    report = full_report(["nothing", "cell", "rim"])
    page = render(report)
    rows = re.findall(r'<tr( class="subject")?><th scope="row">([^<]+)</th>', page)
    ranked = sorted(report.comparisons, key=lambda c: -c.evaluation.mean_iou.value)
    assert [name for _, name in rows] == [c.name for c in ranked]
    assert {name for mark, name in rows if mark} == {"subject"}


def test_many_classes_show_the_largest_and_say_so():
    classes = Classes.named([f"class {k}" for k in range(40)])
    evaluation = evaluate_pairs(pairs_of(classes, number=5), classes)
    page = Page(render(Report("t", evaluation, classes)))
    assert "the 30 classes with the most pixels, of 40" in page.text
    heat = [a for tag, a in page.tags if tag == "rect" and a.get("class") == "empty"]
    assert len(heat) == 30 * 30


def test_absent_classes_are_named():
    classes = Classes.named(["nothing", "cell", "ghost"], background=0)
    two = Classes.named(["nothing", "cell"], background=0)
    pairs = [
        ScoredPair(p.key, None, LabelMap(p.truth.ids, classes), LabelMap(p.predicted.ids, classes))
        for p in pairs_of(two)
    ]
    page = Page(render(Report("t", evaluate_pairs(pairs, classes), classes)))
    assert "not present (n=0), not in the means" in page.text
    assert "over 2 of 3 classes" in page.text


def test_verdict_says_score_interval_and_number():
    classes = Classes.named(["nothing", "cell", "rim"], background=0)
    evaluation = evaluate_pairs(pairs_of(classes), classes)
    score = evaluation.mean_iou
    assert verdict(evaluation).startswith(
        f"Mean IoU is {100 * score.value:.1f} % "
        f"(95 % interval {100 * score.low:.1f} – {100 * score.high:.1f}) on 12 images; "
    )


def test_rows_that_are_not_finite_or_repeated_draw_once():
    report = full_report(["nothing", "cell", "rim"])
    rows = [
        {"kind": "val", "step": 1, "mean_iou": 0.9},
        {"kind": "val", "step": 1, "mean_iou": 0.1},  # after a resume
        {"kind": "val", "step": 2, "mean_iou": float("nan")},
        {"kind": "val", "step": 3},
        {"kind": "val", "step": 4, "mean_iou": 0.2},
    ]
    page = render(Report("t", report.evaluation, report.classes, curves=rows))
    assert "best 20.0 % at step 4" in page
    (path,) = re.findall(r'class="line first" d="([^"]+)"', page)
    assert path.count("L") == 1 and "nan" not in path


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "–"),
        (0.00031, "0.31 ms"),
        (0.9999, "1.0 s"),
        (59.97, "1 min 0 s"),
        (598, "9 min 58 s"),
        (7500, "2 h 5 min"),
    ],
)
def test_times_are_written_as_people_do(seconds, text):
    assert seconds_text(seconds) == text


def test_the_file_is_written_whole_and_replaces_the_old(tmp_path):
    path = tmp_path / "report.html"
    path.write_text("old")
    assert write_report(path, full_report(["背景", "细胞", "rim"])) == path
    assert path.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert "细胞" in path.read_text(encoding="utf-8")
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(StorageError, match=r"absent.report\.html.*Check that the folder exists"):
        write_report(tmp_path / "absent" / "report.html", full_report(["a", "b"]))
