"""What decides about a comparison beside peers: the division, the choice, the end of a budget."""

from __future__ import annotations

import ast
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image as PillowImage

from segwright.dataset import open_dataset

PEERS = ("nnunet", "smp", "torchvision", "ultralytics")


def test_a_stack_is_divided_in_one_piece_each() -> None:
    from peers.plain import divided

    division, rule = divided([None] * 30)
    assert {name: list(part) for name, part in division.items()} == {
        "train": list(range(20)),
        "val": [20, 21, 22, 23],
        "test": [24, 25, 26, 27, 28, 29],
    }
    assert "train 20, val 4, test 6" in rule


def test_a_given_val_split_is_tested_on_and_the_last_fifth_of_train_is_chosen_by() -> None:
    from peers.plain import divided

    division, _ = divided(["val"] * 6 + ["train"] * 14)
    assert {name: list(part) for name, part in division.items()} == {
        "train": list(range(6, 17)),
        "val": [17, 18, 19],
        "test": list(range(6)),
    }


def test_given_splits_stay() -> None:
    from peers.plain import divided

    division, _ = divided(["test", "train", "val", "train"])
    assert {name: list(part) for name, part in division.items()} == {
        "train": [1, 3],
        "val": [2],
        "test": [0],
    }


def test_plain_data_are_read_by_segwright_as_the_data_they_come_from(tmp_path: Path) -> None:
    from peers.plain import write_plain

    rng = np.random.default_rng(0)
    (tmp_path / "data" / "images").mkdir(parents=True)
    (tmp_path / "data" / "masks").mkdir()
    for name in "abcdefghij":
        pixels = rng.integers(0, 256, (8, 9, 3), np.uint8)
        suffix = "tif" if name == "a" else "png"  # peers do not all read TIFF
        PillowImage.fromarray(pixels).save(tmp_path / "data" / "images" / f"{name}.{suffix}")
        ids = rng.choice(np.uint8([0, 1, 2, 255]), (8, 9))
        PillowImage.fromarray(ids).save(tmp_path / "data" / "masks" / f"{name}.png")
    (tmp_path / "data" / "classes.txt").write_text("x\ny\nz\n")
    (tmp_path / "data" / "dataset.yaml").write_text("ignore: [255]\n")
    write_plain(tmp_path / "data", tmp_path / "plain")

    given, plain = open_dataset(tmp_path / "data"), open_dataset(tmp_path / "plain")
    assert plain.classes.names == given.classes.names
    by_name = {entry.image.stem: i for i, entry in enumerate(plain.entries)}
    assert len(by_name) == 10
    for i, entry in enumerate(given.entries):
        theirs, ours = given[i], plain[by_name[entry.image.stem]]
        assert (ours.image.pixels == theirs.image.pixels).all()
        assert (ours.labels.ids == theirs.labels.ids).all()


@pytest.mark.parametrize("peer", PEERS)
def test_settings_are_those_the_peer_knows(peer: str, beside_the_benchmarks: Path) -> None:
    from time_to_quality import SETTINGS

    tree = ast.parse((beside_the_benchmarks / "peers" / f"{peer}.py").read_text("utf-8"))
    (known,) = (
        [ast.literal_eval(key) for key in node.value.keys if key is not None]
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        and isinstance(node.value, ast.Dict)
        and "SETTINGS" in ast.unparse(node).split("=")[0]
    )
    assert tuple(known) == SETTINGS[peer]
    assert len(known) == 3


@pytest.mark.parametrize("peer", PEERS)
def test_every_version_that_decides_is_pinned(peer: str, beside_the_benchmarks: Path) -> None:
    lines = (beside_the_benchmarks / "peers" / f"{peer}.txt").read_text("utf-8").splitlines()
    assert all(line.count("==") == 1 for line in lines)
    assert any(line.startswith("torch==") for line in lines)


def test_the_best_on_val_is_chosen_and_what_failed_comes_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time_to_quality as benchmark

    place = benchmark.Place(tmp_path, tmp_path, tmp_path, tmp_path)
    vals = dict(zip(benchmark.SETTINGS["smp"], (None, 0.2, 0.3), strict=True))
    asked = []

    def train(place, row):
        asked.append(row.setting)
        row.val = vals[row.setting]
        place.keep(row)
        return row

    monkeypatch.setattr(benchmark, "trained", train)
    for _ in range(2):  # what is kept is not trained again
        rows = benchmark.chosen(place, "smp", "2m", seed=0, left_out=())
        assert [row.val for row in rows] == [0.3, 0.2, None]
    assert asked == list(vals)
    left = benchmark.chosen(place, "smp", "2m", seed=0, left_out=(rows[0].setting,))
    assert [row.val for row in left] == [0.2, None]


def test_training_ends_before_a_step_that_would_not_be_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch = pytest.importorskip("torch")
    from peers import budgeted
    from peers.task import Training

    moments = iter(range(0, 10_000, 5))  # every look at the clock is 5 s after the one before
    clock = SimpleNamespace(time=lambda: float(next(moments)))
    monkeypatch.setattr(budgeted, "time", clock)
    model = torch.nn.Linear(1, 1)
    rates: list[float] = []

    def rate(share: float) -> float:
        rates.append(share)
        return 1 - share

    task = Training(tmp_path, "any", 0.0, 100.0, 0, tmp_path)
    assert task.ends_at == 97.0
    steps = budgeted.train_within(
        task,
        [(torch.ones(1, 1), torch.ones(1, 1))] * 1000,  # pyright: ignore[reportArgumentType]
        model=model,
        optimiser=torch.optim.SGD(model.parameters(), lr=0.1),
        loss=lambda images, targets: (model(images) - targets).square().mean(),
        rate=rate,
    )
    # It begins at 0 and looks three times a step: at 5, 10, 15; 20, 25, 30; … A step is thought to
    # take 10 s, so the one that would begin at 95 is left out.
    assert steps == 6
    assert rates == [at / 97 for at in (5, 20, 35, 50, 65, 80)]
    assert (tmp_path / "model.pt").is_file()


def test_a_training_without_a_whole_step_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch = pytest.importorskip("torch")
    from peers import budgeted
    from peers.task import NOTHING_LEARNED, Training

    moments = iter(range(0, 10_000, 60))
    monkeypatch.setattr(budgeted, "time", SimpleNamespace(time=lambda: float(next(moments))))
    model = torch.nn.Linear(1, 1)
    with pytest.raises(SystemExit) as ended:
        budgeted.train_within(
            Training(tmp_path, "any", 0.0, 100.0, 0, tmp_path),
            [(torch.ones(1, 1), torch.ones(1, 1))],  # pyright: ignore[reportArgumentType]
            model=model,
            optimiser=torch.optim.SGD(model.parameters(), lr=0.1),
            loss=lambda images, targets: (model(images) - targets).square().mean(),
            rate=lambda share: 1.0,
        )
    assert ended.value.code == NOTHING_LEARNED
    assert not (tmp_path / "model.pt").exists()
