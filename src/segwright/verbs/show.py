"""`segwright show`: a page of what a network will see, or of what it said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from segwright.dataset import Dataset
from segwright.dataset.reading import require_plane, require_size
from segwright.errors import DataError, SegwrightError, UsageError
from segwright.events import Listener, Note, StageAdvanced, StageStarted
from segwright.formats.entry import Entry
from segwright.formats.faults import Fault, UnusableLabels
from segwright.formats.masks.pairing import pictures_in
from segwright.images import read_image
from segwright.labels.paint import to_display
from segwright.pages.gallery import PICTURE_SIDE, Exhibit, Wall, exhibit, gallery
from segwright.pages.pictures import shrunk_photo
from segwright.storage import write_whole
from segwright.verbs.opening import open_data
from segwright.verbs.show_training import Wishes, page_of_run, samples, spread


@dataclass(frozen=True)
class ShowReport:
    """What was shown.

    Attributes:
        page: The page written.
        failed: Pictures that could not be shown with what is drawn on them, each with the reason.
    """

    page: Path
    failed: tuple[str, ...]


def show(
    source: str | Path,
    *,
    out: str | Path | None = None,
    number: int = 24,
    split: str | None = None,
    augmented: bool = False,
    classes: str | Path | None = None,
    on_event: Listener = lambda event: None,
) -> ShowReport:
    """Writes one HTML page that needs no other file.

    Of data: images with their labels, as they are read. Of a run: what the segmenter says of
    images that it did not learn from, beside what was drawn and where the two differ.

    Args:
        source: A data folder, a folder of images without labels, or a run folder.
        out: The page; None for `NAME-show.html` in the working folder. What is there is replaced.
        number: Images of each split, evenly spread; 1 or more.
        split: Show this split alone; None for all that there are.
        augmented: Add as many training samples as the network sees them: cropped and changed, with
            the labels it is compared with. Of data, by the plan that `train` would make without a
            budget; of a run, by its own plan.
        classes: File of a class map for data; a run has its own.
        on_event: Told of progress.

    Raises:
        UsageError: A number below 1, a class map that does not fit, or a wish that data without
            labels cannot fulfil.
        DataError: There is no image to show.
        StorageError: The page cannot be written.
    """
    if number < 1:
        raise UsageError(
            f"{number} images; accepted are 1 or more", where="--number", remedy="Ask for 24"
        )
    source = Path(source)
    wishes = Wishes(number, split, augmented, on_event)
    if (source / "plan.yaml").is_file():
        if classes is not None:
            raise UsageError(
                "a run has the classes that it was trained with",
                where="--classes",
                remedy="Leave it out, or show the data instead of the run",
            )
        page = page_of_run(source, wishes)
    else:
        page = _page_of_data(source, classes, wishes)
    path = Path(out) if out is not None else Path(f"{source.resolve().name}-show.html")
    write_whole(path, page)
    return ShowReport(path, tuple(wishes.failed))


def _page_of_data(root: Path, classes: str | Path | None, wishes: Wishes) -> str:
    faults: list[Fault] = []
    wishes.on_event(StageStarted("opening data"))
    try:
        dataset = open_data(root, classes, report=faults.append)
    except DataError as error:
        _refuse_what_needs_labels(error, classes, wishes)
        return _page_without_labels(root, error, wishes)
    notes = [*dataset.describe().splitlines(), *_words_of(faults)]
    walls = [
        Wall(
            title=f"{name or 'all'}: {len(chosen)} of {len(part)} pictures",
            exhibits=list(_exhibits(chosen.entries, wishes)),
        )
        for name, part in _parts(dataset, wishes.split)
        for chosen in [part.subset(spread(len(part), wishes.number))]
    ]
    if wishes.augmented:
        walls.append(_samples_if_possible(dataset, wishes))
    return gallery(
        root.resolve().name,
        subtitle=f"{len(dataset)} pictures of {len(dataset.classes)} classes",
        notes=notes,
        classes=dataset.classes,
        walls=walls,
    )


def _samples_if_possible(dataset: Dataset, wishes: Wishes) -> Wall:
    """Training samples, or why there are none: the rest of the page is worth having."""
    try:
        return samples(dataset, None, wishes)
    except DataError as error:
        wishes.fail("training samples", error)
        return Wall("No training samples", [Exhibit(str(error), {})])


def _refuse_what_needs_labels(error: DataError, classes: str | Path | None, wishes: Wishes) -> None:
    """Refuses wishes that pictures alone cannot fulfil.

    Raises:
        UsageError: There is one.
    """
    asked = {"--split": wishes.split, "--classes": classes, "--augmented": wishes.augmented}
    for option, value in asked.items():
        if value:
            raise UsageError(
                f"needs data with labels, and these cannot be opened: {error.problem}",
                where=option,
                remedy="Leave it out to see the pictures alone, or repair what `segwright check` "
                "names",
            )


def _page_without_labels(root: Path, error: DataError, wishes: Wishes) -> str:
    """Pictures alone, where nothing says what is on them.

    Raises:
        DataError: The one given, if there are no pictures either.
    """
    if not root.is_dir():
        raise error
    paths = list(pictures_in(root)[0].items())
    chosen = [paths[i] for i in spread(len(paths), wishes.number)]
    wishes.on_event(StageStarted("painting", total=len(chosen)))
    exhibits = []
    for done, (key, path) in enumerate(chosen, start=1):
        try:
            shown = {"picture": shrunk_photo(to_display(read_image(path)), PICTURE_SIDE)}
            exhibits.append(Exhibit(key, shown))
        except DataError as fault:
            wishes.fail(key, fault)
            exhibits.append(Exhibit(f"{key}: {fault}", {}))
        wishes.on_event(StageAdvanced(done))
    if not any(one.pictures for one in exhibits):
        raise error
    wishes.on_event(Note(f"No labels are shown: {error}"))
    return gallery(
        root.resolve().name,
        subtitle=f"{len(paths)} pictures without labels",
        notes=[f"No labels are shown: {error}"],
        classes=None,
        walls=[Wall(f"{len(chosen)} of {len(paths)} pictures", exhibits)],
    )


def _exhibits(entries: Sequence[Entry], wishes: Wishes) -> Iterator[Exhibit]:
    """Every picture with its labels, or with what is wrong with them."""
    wishes.on_event(StageStarted("painting", total=len(entries)))
    for done, entry in enumerate(entries, start=1):
        faults: list[Fault] = []
        shown = Exhibit(entry.key, {})
        try:
            image = read_image(entry.image)
            require_plane(image, entry.image)
            shown = Exhibit(entry.key, {"picture": shrunk_photo(to_display(image), PICTURE_SIDE)})
            labels = entry.labels.read(faults.append)
            require_size(labels, image, entry.labels, entry.image)
            shown = exhibit(entry.key, image, labels)
        except UnusableLabels:  # why is among the faults
            pass
        except SegwrightError as error:
            wishes.fail(entry.key, error)
            shown = Exhibit(f"{shown.caption}: {error}", shown.pictures)
        caption = " · ".join([shown.caption, *_words_of(faults)])
        yield Exhibit(caption, shown.pictures)
        wishes.on_event(StageAdvanced(done))


def _words_of(faults: Sequence[Fault], *, limit: int = 3) -> list[str]:
    words = [f"{fault.how_bad}: {fault.where}: {fault.problem}" for fault in faults[:limit]]
    more = len(faults) - limit
    return [*words, f"and {more:,} more; see `segwright check`"] if more > 0 else words


def _parts(dataset: Dataset, split: str | None) -> list[tuple[str, Dataset]]:
    if split is not None:
        return [(split, dataset.split(split))]
    named = [(name, dataset.split(name)) for name in dataset.splits]
    loose = dataset.subset([i for i, e in enumerate(dataset.entries) if e.split is None])
    return [*named, ("", loose)] if len(loose) else named
