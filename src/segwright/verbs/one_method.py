"""One training of a method without a network: parameters chosen, fitted, scored, written up."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Generic, TypeVar, overload

from segwright.classical.catalog import CATALOG, build_method, method_class
from segwright.classical.method import Method
from segwright.dataset import Dataset, fingerprint_of
from segwright.evaluation import Evaluation, Report, evaluate_parts, picture_panels, write_report
from segwright.events import Listener, StageAdvanced, StageStarted
from segwright.result import Result
from segwright.segmenter import load
from segwright.storage import write_whole
from segwright.training.run_folder import (
    OUT_OF_FOLD,
    RunFolder,
    RunRecord,
    environment,
    make_folder,
    require_free,
    sole_use,
    unused_path,
)
from segwright.verbs.method_choice import Choice, chosen_indices, within_time, without_time
from segwright.verbs.method_plan import METHOD_FILE, MethodPlan, TriedParams
from segwright.verbs.wishes import TrainReport, Wishes

_Item = TypeVar("_Item")


def train_split(
    learn: Dataset,
    hold_out: Dataset,
    wishes: Wishes,
    *,
    out: Path | None,
    budget_s: float | None,
    started_at: float,
    fold: tuple[int, int] | None = None,
    on_event: Listener,
) -> TrainReport:
    """Fits a method on one part of the data and scores it on another; see `verbs.train`.

    With a budget, parameters that the user has not fixed are chosen by trials on some images of
    both parts, and the method is then fitted on as many images as there is time for. Without one,
    parameters are those given and the defaults, and all images are fitted on.
    """
    name = str(wishes.model)
    if out is not None:
        require_free(out)
    given = {**_seeded(name, wishes.seed), **wishes.settings}
    build_method(name, **given)  # refused before time is spent
    if budget_s is None:
        choice = without_time(given, learn)
    else:
        choice = within_time(
            name,
            given,
            learn,
            hold_out,
            seed=wishes.seed,
            left_s=lambda: budget_s - (time.time() - started_at),
            on_event=on_event,
        )
    plan = _plan(name, choice, learn, hold_out, seed=wishes.seed, budget_s=budget_s)
    on_event(StageStarted(f"fitting {name}", total=choice.images))
    part = learn.subset(chosen_indices(len(learn), choice.images, seed=wishes.seed))
    method = _fitted(build_method(name, **choice.params), part, plan, on_event)
    path = out or unused_path(Path("runs"), f"{learn.root.resolve().name}-{name}")
    record = RunRecord(
        data=learn.root.resolve(), fold=fold, learned=tuple(sorted(set(learn.image_hashes())))
    )
    files = {
        METHOD_FILE: plan.to_yaml(),
        "run.json": record.model_dump_json(indent=1),
        "environment.json": json.dumps(environment(), indent=1),
    }
    make_folder(path, files)
    with sole_use(path):
        method.save(path / "segmenter")
        evaluation = _finished(RunFolder(path), plan, hold_out, on_event)
    return TrainReport(path, evaluation, path / "report.html")


def _plan(
    name: str,
    choice: Choice,
    learn: Dataset,
    hold_out: Dataset,
    *,
    seed: int,
    budget_s: float | None,
) -> MethodPlan:
    def plain(params: Any) -> dict[str, Any]:
        checked = build_method(name, **params).model_dump(mode="json")
        return {key: checked[key] for key in params}

    return MethodPlan(
        method=name,
        params=plain(choice.params),
        reason=choice.reason,
        images=choice.images,
        tried=tuple(
            TriedParams(params=plain(one.params), mean_iou=one.score) for one in choice.trials
        ),
        seed=seed,
        budget_s=budget_s,
        fingerprint=fingerprint_of(learn, hold_out),
        classes=None if learn.class_map is None else learn.class_map.to_content(),
    )


def _fitted(method: Method, part: Dataset, plan: MethodPlan, on_event: Listener) -> Method:
    """Fits a method on images that are read when they are asked for."""
    read = lru_cache(maxsize=1)(part.__getitem__)  # image and labels are asked for in turn

    def image(index: int):
        on_event(StageAdvanced(index))
        return read(index).image

    provenance = {"data": part.root.resolve().name, "fingerprint": plan.fingerprint}
    images = _Lazy(image, len(part))
    labels = _Lazy(lambda index: read(index).labels, len(part))
    return method.fit(images, labels, provenance=provenance)


def _finished(
    folder: RunFolder, plan: MethodPlan, hold_out: Dataset, on_event: Listener
) -> Evaluation:
    """Scores the segmenter as it is read back, writes report and model card."""

    def keep(key: str, result: Result) -> None:
        if folder.record.fold is not None:
            result.save(folder.path.parent / OUT_OF_FOLD, key, {"mask"})

    on_event(StageStarted("scoring the segmenter", total=len(hold_out)))
    parts = [(load(folder.segmenter), hold_out)]
    evaluation = evaluate_parts(
        parts, progress=lambda done: on_event(StageAdvanced(done)), keep=keep
    )
    write_whole(folder.path / "scores.json", evaluation.to_json())
    on_event(StageStarted("writing the report"))
    entry = CATALOG[plan.method]
    write_report(
        folder.report,
        Report(
            title=f"{folder.path.name}: {plan.method} on {folder.record.data.name}",
            evaluation=evaluation,
            classes=hold_out.classes,
            panels=picture_panels(parts, evaluation),
            notes=[
                ("How the score was taken", _SCORING),
                ("The method", f"{entry.summary}\n{entry.paper}\n{entry.code}"),
                ("Its parameters", plan.explain()),
                ("Where it is", f"run: {folder.path}\ndata: {folder.record.data}"),
            ],
        ),
    )
    write_whole(folder.model_card, _model_card(folder, plan, evaluation, hold_out))
    return evaluation


_SCORING = (
    "Scored on the validation images, by the segmenter as it is saved in this run. Where its "
    "parameters were chosen by trials, they were judged on some of these images, so expect a "
    "little less on new ones; a test split gives the honest figure."
)


def _model_card(
    folder: RunFolder, plan: MethodPlan, evaluation: Evaluation, hold_out: Dataset
) -> str:
    entry = CATALOG[plan.method]
    return f"""# {folder.path.name}

A semantic segmenter for {len(hold_out.classes)} classes: {", ".join(hold_out.classes.names)}.

- method: `{plan.method}`, {entry.summary}
- source: {entry.paper}
- learned from images in {folder.record.data.name}; content hash `{plan.fingerprint}`
- use it when: {entry.use_when}

{plan.explain()}

## Scores on {evaluation.num_images} validation images

{evaluation.markdown()}

{_SCORING}

## Limits

Other cameras, scenes and seasons are untested until you evaluate them: \
`segwright evaluate {folder.path.name} DATA`.
"""


def _seeded(name: str, seed: int) -> dict[str, Any]:
    """The seed, for methods that draw."""
    return {"random_state": seed} if "random_state" in method_class(name).model_fields else {}


class _Lazy(Sequence[_Item], Generic[_Item]):
    """Items that are made when they are asked for."""

    def __init__(self, make: Callable[[int], _Item], length: int) -> None:
        self._make = make
        self._length = length

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> _Item: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[_Item]: ...
    def __getitem__(self, index: int | slice) -> _Item | Sequence[_Item]:
        if isinstance(index, slice):
            return [self[one] for one in range(*index.indices(self._length))]
        if not -self._length <= index < self._length:
            raise IndexError(index)
        return self._make(index % self._length)
