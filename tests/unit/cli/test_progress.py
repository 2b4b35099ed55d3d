"""Progress: what is written where nobody watches a bar, and that the bar runs."""

from __future__ import annotations

import io

from segwright.cli.progress import LiveProgress, PlainProgress, open_progress
from segwright.events import Decided, Event, Note, StageAdvanced, StageStarted, TrainStep, Validated


def _step(step: int) -> TrainStep:
    return TrainStep(
        step=step, last_step=100, loss=0.5, grad_norm=1.0, lr_scale=1.0, elapsed_s=1.0, left_s=65.0
    )


EVENTS: list[Event] = [
    Note("the data has no validation split"),
    StageStarted("reading data", 3),
    StageAdvanced(2),
    _step(7),
    Validated(step=7, mean_iou=0.4213, loss=0.9, images=30, best=True, elapsed_s=2.0),
    Decided(step=8, what="steps", value=90, reason="the machine slowed down"),
]


def test_plain_lines_hold_every_event_of_note_and_no_control_codes() -> None:
    stream = io.StringIO()
    with PlainProgress(stream, clock=iter(range(0, 1000, 20)).__next__) as progress:
        for event in EVENTS:
            progress(event)
    assert stream.getvalue().splitlines() == [
        "the data has no validation split",
        "reading data",
        "reading data: 2 of 3",
        "step 7 of 100 · loss 0.500 · 1m05s left",
        "validation at step 7: mean IoU 42.1 on 30 images (best so far)",
        "plan changed at step 8: steps = 90, the machine slowed down",
    ]


def test_steps_are_told_every_ten_seconds_at_most() -> None:
    now = 0.0
    stream = io.StringIO()
    progress = PlainProgress(stream, clock=lambda: now)
    for step in range(250):  # ten steps a second, for 25 seconds
        now = step / 10
        progress(_step(step))
    assert [line.split()[1] for line in stream.getvalue().splitlines()] == ["0", "100", "200"]


def test_the_bar_takes_every_event() -> None:
    stream = io.StringIO()
    with LiveProgress(stream) as progress:
        for event in EVENTS:
            progress(event)
    assert "mean IoU 42.1" in stream.getvalue()


def test_the_bar_shows_the_last_mean_iou_beside_the_loss() -> None:
    stream = io.StringIO()
    with LiveProgress(stream) as progress:
        for event in [*EVENTS, _step(9)]:
            progress(event)
        (bar,) = progress._bar.tasks
    assert bar.fields["beside"] == "step 9 of 100 · loss 0.500 · 1m05s left · mean IoU 42.1"


def test_no_bar_where_the_stream_is_no_terminal() -> None:
    assert isinstance(open_progress(io.StringIO()), PlainProgress)
