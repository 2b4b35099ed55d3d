"""What follows the last step: ship the segmenter, score what is shipped, write it up."""

from __future__ import annotations

from functools import partial

from torch import nn

from segwright.evaluation import (
    Evaluation,
    Report,
    evaluate_parts,
    picture_panels,
    write_report,
)
from segwright.events import Listener, StageAdvanced, StageStarted
from segwright.plan import Plan
from segwright.result import Result
from segwright.segmenter import load
from segwright.storage import write_whole
from segwright.training.calibrate import calibrated_temperature
from segwright.training.checkpoint import Checkpoints
from segwright.training.log import read_metrics
from segwright.training.material import Material
from segwright.training.run_folder import OUT_OF_FOLD, RunFolder, environment
from segwright.training.validation import as_segmenter


def finish(
    folder: RunFolder, network: nn.Module, material: Material, *, emit: Listener
) -> Evaluation:
    """Saves the calibrated segmenter, scores it as it is read back, writes report and model card.

    Args:
        folder: Of the run.
        network: With the weights to ship.
        material: Its validation images are scored, every one of them.
        emit: Told of progress.
    """
    plan = folder.plan
    emit(StageStarted("calibrating probabilities"))
    temperature = calibrated_temperature(as_segmenter(network, material, plan), material.val)
    emit(StageStarted("scoring the segmenter", total=len(material.val)))
    as_segmenter(network, material, plan, temperature=temperature).save(folder.segmenter)
    shipped = load(folder.segmenter, device=plan.device)
    parts = [(shipped, material.val)]
    evaluation = evaluate_parts(
        parts,
        progress=lambda done: emit(StageAdvanced(done)),
        keep=partial(_keep, folder),
    )
    write_whole(folder.path / "scores.json", evaluation.to_json())
    emit(StageStarted("writing the report"))
    write_report(
        folder.report,
        Report(
            title=f"{folder.path.name}: {plan.model.name} on {folder.record.data.name}",
            evaluation=evaluation,
            classes=material.classes,
            panels=picture_panels(parts, evaluation),
            curves=read_metrics(folder.path),
            notes=_notes(plan, folder),
        ),
    )
    write_whole(folder.model_card, _model_card(folder, plan, evaluation, material, temperature))
    return evaluation


def _keep(folder: RunFolder, key: str, result: Result) -> None:
    """Writes the mask of an image that a fold has not seen; all folds write into one place."""
    if folder.record.fold is not None:
        result.save(folder.path.parent / OUT_OF_FOLD, key, {"mask"})


def _notes(plan: Plan, folder: RunFolder) -> list[tuple[str, str]]:
    """What a reader of the report may want to look up."""
    machine = "\n".join(f"{key}: {value}" for key, value in environment().items())
    return [
        ("How the score was taken", _SCORING),
        ("The plan and its reasons", plan.explain()),
        ("Machine and versions", machine),
        ("Where it is", f"run: {folder.path}\ndata: {folder.record.data}"),
    ]


_SCORING = (
    "Scored on the validation images, by the segmenter as it is saved in this run. The weights "
    "are those of the best of several validations on part of these images, so expect a little "
    "less on new images; a test split gives the honest figure."
)


def _model_card(
    folder: RunFolder,
    plan: Plan,
    evaluation: Evaluation,
    material: Material,
    temperature: float,
) -> str:
    facts = material.facts
    once_prepared = " once prepared" if plan.prepare.steps else ""
    return f"""# {folder.path.name}

A semantic segmenter for {len(material.classes)} classes: {", ".join(material.classes.names)}.

- network: `{plan.model.name}` {plan.model.config or ""}
- learned from {facts.num_images} images in {folder.record.data.name};
  content hash `{plan.fingerprint}`
{_of_classes(plan)}\
- {Checkpoints(folder.checkpoints).last_step} steps of {plan.batch_size} crops, seed {plan.seed}, \
planned {f"for {plan.budget_s:.0f} s" if plan.budget_s else "without a budget"}
- images are prepared by: {plan.prepare}
- runs at {plan.input.scale:g} of the image size, averaged over mirrored axes \
{list(plan.inference.flips) or "none"}
- probabilities are calibrated on validation images: temperature {temperature:g}

## Scores on {evaluation.num_images} validation images

{evaluation.markdown()}

{_SCORING}

## Limits

Known to work on images like those it learned from: {facts.channels} channels, around
{facts.size_hw_median[0]}×{facts.size_hw_median[1]} pixels{once_prepared}. Other cameras, scenes \
and seasons are untested until you evaluate them: `segwright evaluate {folder.path.name} DATA`.
"""


def _of_classes(plan: Plan) -> str:
    """The line of the model card that says which classes of the data became which, if any did."""
    return "" if plan.class_map is None else f"- classes of the data: {plan.class_map}\n"
