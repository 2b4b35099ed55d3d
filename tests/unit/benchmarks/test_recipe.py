"""Rows of the recipe's table change what they say, and can be given."""

from __future__ import annotations

from collections import Counter

from segwright.cli.settings import parse_settings
from segwright.dataset import DatasetFacts
from segwright.plan import Machine, draft

FACTS = DatasetFacts(
    num_images=1,
    channels=3,
    size_hw_min=(360, 480),
    size_hw_median=(360, 480),
    size_hw_max=(360, 480),
    dtype="uint8",
    mean=(0.5, 0.5, 0.5),
    std=(0.2, 0.2, 0.2),
    white=1.0,
    class_names=("a", "b", "c"),
    class_fraction=(0.5, 0.3, 0.2),
    images_with_class=(1, 1, 1),
    ignored_fraction=0.0,
    vertical_asymmetry=0.5,
)


def test_every_row_is_accepted_and_differs_from_the_recipe() -> None:
    from recipe import ROWS

    machine = Machine("cpu", cores=2, bfloat16=True)

    def planned(settings: tuple[str, ...]) -> str:
        made = draft(
            FACTS,
            machine,
            fingerprint="",
            settings={"input.precision": "bfloat16", **parse_settings(settings)},
        )
        return made.model_dump_json(exclude={"reasons"})

    plans = Counter((planned(change.settings), change.before) for change in ROWS.values())
    assert max(plans.values()) == 1
