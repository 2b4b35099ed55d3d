"""The whole check of a dataset: opened, looked at, compared, judged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from segwright.dataset.checks.draft import Proposal, propose
from segwright.dataset.checks.findings import as_training_sees, findings
from segwright.dataset.checks.groups import Grouping, guess_groups, torn_groups
from segwright.dataset.checks.look import seen_from
from segwright.dataset.checks.looked import Looked
from segwright.dataset.checks.repeats import repeats
from segwright.dataset.checks.summary import summarise
from segwright.dataset.checks.survey import survey
from segwright.dataset.checks.unopened import inventory
from segwright.dataset.checks.verdict import Verdict
from segwright.dataset.class_map import ClassMap
from segwright.dataset.dataset import Dataset
from segwright.dataset.opening import open_dataset
from segwright.errors import DataError, SegwrightError
from segwright.events import Event, StageAdvanced, StageStarted
from segwright.formats.faults import Fault, fault_of

_EXPLAINED_BY_DECLARING = (
    "cannot-open",
    "blurred-mask",
    "unknown-value",
    "stray-colour",
    "gaps-in-ids",
)


@dataclass(frozen=True, eq=False)
class Examined:
    """What a check found, and what it found it in.

    Attributes:
        verdict: What is said about the dataset.
        looked: Every picture as it was seen; None if the dataset cannot be opened.
        groups: The groups that names tell, if they do.
        proposal: Declarations that the dataset was opened with because it lacks its own.
        distrusted: Key of a picture that has a fault of its own → the kind of its worst fault.
            Nobody knows what its pixels are, be it for training or for scoring.
    """

    verdict: Verdict
    looked: Looked | None = None
    groups: Grouping | None = None
    proposal: Proposal | None = None
    distrusted: Mapping[str, str] = field(default_factory=dict)


def examine(
    root: Path,
    *,
    classes: ClassMap | None = None,
    on_event: Callable[[Event], None] = lambda event: None,
) -> Examined:
    """Checks a dataset.

    Args:
        root: Its folder.
        classes: What becomes of its classes before anything is judged; None leaves them.
        on_event: Is told of the progress.

    Raises:
        DataError: There is no such folder.
        UsageError: The class map does not say what becomes of every class.
        UnknownNameError: The class map names a class that there is not.
    """
    if not root.is_dir():
        raise DataError(
            "is a file, not a folder" if root.exists() else "there is no such folder",
            where=root,
            remedy="Give the folder of a dataset",
        )
    on_event(StageStarted("opening the dataset"))
    faults: list[Fault] = []
    dataset, proposal = _opened(root, faults)
    if dataset is not None and classes is not None:
        dataset = dataset.with_classes(classes)
    if dataset is None or not len(dataset):
        found = tuple(seen_from(one, root, key=one.key) for one in faults) or (
            Fault("cannot-open", "no picture with labels is left", str(root), "See below"),
        )
        return Examined(Verdict(root, found, None, tuple(inventory(root))))
    on_event(StageStarted("looking at pictures", len(dataset)))
    looks = survey(dataset.entries, root=root, progress=lambda done: on_event(StageAdvanced(done)))
    looked = Looked(dataset, tuple(looks))
    on_event(StageStarted("comparing pictures", len(dataset)))
    repeated, _ = repeats(looked, progress=lambda done: on_event(StageAdvanced(done)))
    groups = guess_groups(looked)
    seen = [*findings(looked), *torn_groups(looked, groups), *repeated]
    # What a sample of the masks showed, each picture says of its own once more.
    told = {(one.kind, one.where) for one in seen if one.key is not None}
    found = [seen_from(one, root, key=one.key) for one in faults]
    found = [one for one in found if one.key is not None or (one.kind, one.where) not in told]
    errors = [*(() if proposal else found), *seen]  # declarations explain what was found without
    found += [as_training_sees(one, looked) for one in seen]
    notes = dataset.notes if proposal is None else (*dataset.notes, proposal.note)
    # A label file of several pictures tells its faults to whoever reads first.
    once = tuple({(one.kind, one.where, one.problem): one for one in found}.values())
    verdict = Verdict(root, once, summarise(looked), notes)
    return Examined(verdict, looked, groups, proposal, _without_trust(errors))


def _without_trust(faults: Iterable[Fault]) -> dict[str, str]:
    """Keys of pictures with errors → the first kind; objects without a pixel leave nothing open."""
    errors = (one for one in faults if one.how_bad == "error" and one.kind != "empty-shape")
    found: dict[str, str] = {}
    for one in errors:
        if one.key is not None:
            found.setdefault(one.key, one.kind)
    return found


def _opened(root: Path, faults: list[Fault]) -> tuple[Dataset | None, Proposal | None]:
    """The dataset, if need be with declarations that it lacks; what is wrong goes to `faults`."""
    dataset: Dataset | None = None
    try:
        dataset = open_dataset(root, report=faults.append)
    except SegwrightError as error:
        faults.append(fault_of(error, "cannot-open", where=root))
    unexplained = [one for one in faults if one.kind in _EXPLAINED_BY_DECLARING]
    proposal = propose(root) if unexplained else None
    if proposal is None:
        return dataset, None
    for one in unexplained:
        remedy = f"{one.remedy}. `segwright check --write` drafts a dataset.yaml that does"
        faults[faults.index(one)] = replace(one, remedy=remedy)
    try:
        return open_dataset(root, report=lambda fault: None, settings=proposal.settings), proposal
    except SegwrightError:
        return dataset, None
