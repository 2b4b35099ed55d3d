"""How fast training is beside peers: the same encoder, data, crops and batches, in one run.

    U-Net over resnet34            ours beside segmentation_models.pytorch's
    FCN over dilated resnet50      ours beside torchvision's fcn_resnet50, and its
                                   deeplabv3_resnet50, which is the same encoder with a larger head

Ours is the product's own loop with all that it does (crops, warps and changes of light, averaged
weights, checks for non-finite values, a log; checkpoints are left out). Peers run in a plain
PyTorch loop over a DataLoader with two workers that decode, crop and mirror, in the layout of
their documentation and once more in channels-last, which is faster on CPUs.

Like for like are the rows in float32 with gradient descent and momentum and no more. "As planned"
is what `segwright train` does on this machine: the precision of the plan and its own optimiser.

Every contestant is a process of its own that waits while others have their turn. Peak memory is
what that process ever held (VmHWM), that of its workers left out.

    python benchmarks/training_speed.py DATA [--rounds 5] [--steps 8] [--only U-Net]
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

os.environ.setdefault("GOMP_SPINCOUNT", "1000")  # as the command line does

import numpy as np
import torch
from PIL import Image
from torch.nn import functional
from torch.utils.data import DataLoader

CROP_HW = (288, 384)
BATCH = 4
WORKERS = 2
IGNORED = 255
_WARM_UP = 2
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_PLAIN = {"input.precision": "float32", "optimiser.name": "sgd"}


@dataclass(frozen=True)
class Contestant:
    """One row: how a network is trained.

    Attributes:
        label: As it is printed.
        peer: A key of PEERS; None for ours.
        settings: Of our plan.
        channels_last: Of a peer.
    """

    label: str
    peer: str | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    channels_last: bool = False


def ours(model: str, **config: str) -> list[Contestant]:
    """Ours twice: like for like and as planned."""
    network = {"model.name": model, "model.config": config}
    return [
        Contestant(f"segwright {model}, like for like", settings={**network, **_PLAIN}),
        Contestant(f"segwright {model}, as planned", settings=network),
    ]


def theirs(peer: str) -> list[Contestant]:
    """A peer twice: as documented and in channels-last."""
    return [
        Contestant(peer, peer),
        Contestant(f"{peer}, channels-last", peer, channels_last=True),
    ]


GROUPS: dict[str, list[Contestant]] = {
    "U-Net over resnet34": [*theirs("smp Unet"), *ours("unet", encoder="resnet34")],
    "FCN over dilated resnet50": [
        *theirs("torchvision fcn_resnet50"),
        *theirs("torchvision deeplabv3_resnet50"),
        *ours("fcn", variant="dilated", encoder="resnet50"),
    ],
}


def smp_unet(num_classes: int) -> torch.nn.Module:
    import segmentation_models_pytorch as smp

    return smp.Unet("resnet34", encoder_weights=None, classes=num_classes)


def of_torchvision(name: str) -> Callable[[int], torch.nn.Module]:
    def build(num_classes: int) -> torch.nn.Module:
        from torchvision.models import segmentation

        make = getattr(segmentation, name)
        return make(weights=None, weights_backbone=None, num_classes=num_classes, aux_loss=False)

    return build


PEERS: dict[str, Callable[[int], torch.nn.Module]] = {
    "smp Unet": smp_unet,
    "torchvision fcn_resnet50": of_torchvision("fcn_resnet50"),
    "torchvision deeplabv3_resnet50": of_torchvision("deeplabv3_resnet50"),
}


class Crops(torch.utils.data.Dataset):
    """Pictures and masks from disk, cropped and mirrored."""

    def __init__(self, folder: Path) -> None:
        self._images = sorted((folder / "images").iterdir())
        self._masks = folder / "masks"

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        file = self._images[index]
        pixels = np.array(Image.open(file).convert("RGB"))
        ids = np.array(Image.open(self._masks / f"{file.stem}.png"))
        (height, width), (crop_height, crop_width) = ids.shape, CROP_HW
        top = int(torch.randint(max(0, height - crop_height) + 1, ()))
        left = int(torch.randint(max(0, width - crop_width) + 1, ()))
        place = slice(top, top + crop_height), slice(left, left + crop_width)
        pixels, ids = pixels[place], ids[place]
        if torch.rand(()) < 0.5:
            pixels, ids = pixels[:, ::-1], ids[:, ::-1]
        image = torch.from_numpy(pixels.copy()).permute(2, 0, 1).float().div_(255)
        mean, std = (torch.tensor(v).view(3, 1, 1) for v in (_MEAN, _STD))
        return image.sub_(mean).div_(std), torch.from_numpy(ids.copy()).long()


def peer_steps(contestant: Contestant, data: Path, num_classes: int) -> Iterator[None]:
    """A plain loop; yields after every step."""
    assert contestant.peer is not None
    torch.manual_seed(0)
    model = PEERS[contestant.peer](num_classes)
    layout = torch.channels_last if contestant.channels_last else torch.contiguous_format
    model = model.to(memory_format=layout).train()
    optimiser = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4)
    loader = DataLoader(
        Crops(data / "train"),
        BATCH,
        shuffle=True,
        drop_last=True,
        num_workers=WORKERS,
        persistent_workers=True,
    )
    while True:
        for images, targets in loader:
            optimiser.zero_grad()
            output = model(images.contiguous(memory_format=layout))
            logits = output["out"] if isinstance(output, dict) else output
            functional.cross_entropy(logits, targets, ignore_index=IGNORED).backward()
            optimiser.step()
            yield


def our_seconds(contestant: Contestant, data: Path) -> Callable[[int], float]:
    """What runs the product's loop for some steps and tells how long they took."""
    from segwright.dataset import open_dataset
    from segwright.events import TrainStep
    from segwright.plan import draft
    from segwright.training.checkpoint import TrainState
    from segwright.training.clock import Clock
    from segwright.training.log import RunLog
    from segwright.training.loop import Score, run_loop
    from segwright.training.material import Material
    from segwright.training.planning import examine_machine, make_learner

    dataset = open_dataset(data)
    material = Material.read(dataset.split("train"), dataset.split("val"), emit=lambda event: None)
    machine = examine_machine(None)
    settings = {
        "input.precision": "bfloat16" if machine.bfloat16 else "float32",
        **contestant.settings,
        "input.crop_hw": list(CROP_HW),
        "batch_size": BATCH,
        "checkpoints": 1,
        "validation.times": 1,
    }
    plan = draft(material.facts, machine, fingerprint=material.fingerprint, settings=settings)
    learner = make_learner(plan, material)

    def seconds(steps: int) -> float:
        longer = plan.updated({"steps": steps + _WARM_UP})
        moments: list[float] = []

        def note(event: object) -> None:
            if isinstance(event, TrainStep):
                moments.append(time.perf_counter())

        with tempfile.TemporaryDirectory() as folder, closing(RunLog(Path(folder), note)) as log:
            run_loop(
                learner,
                material.batches(longer),
                plan=longer,
                state=TrainState(),
                keep=lambda state, tensors: None,
                clock=Clock(None, 0.0, time.time()),
                validate=lambda: Score(0.0, 0.0, 0),
                emit=log,
            )
        return moments[-1] - moments[_WARM_UP - 1]

    return seconds


def their_seconds(contestant: Contestant, data: Path) -> Callable[[int], float]:
    """What runs a peer's loop for some steps and tells how long they took."""
    num_classes = len((data / "classes.txt").read_text(encoding="utf-8").splitlines())
    steps_done = peer_steps(contestant, data, num_classes)

    def seconds(steps: int) -> float:
        for _ in range(_WARM_UP):
            next(steps_done)
        begun = time.perf_counter()
        for _ in range(steps):
            next(steps_done)
        return time.perf_counter() - begun

    return seconds


def serve(contestant: Contestant, data: Path) -> None:
    """The child's side: for every number of steps on stdin, the seconds they took and the peak."""
    make = our_seconds if contestant.peer is None else their_seconds
    seconds = make(contestant, data)
    for line in sys.stdin:
        print(seconds(int(line)), peak_mb(), flush=True)


def peak_mb() -> float:
    """Most memory this process ever held, in MB; 0 where the system does not say."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return 0.0
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else 0.0


def measure(group: str, data: Path, rounds: int, steps: int) -> None:
    """One table: all contestants of a group in turns."""
    contestants = GROUPS[group]
    command = [sys.executable, __file__, str(data), "--group", group, "--serve"]
    children = [
        subprocess.Popen(
            [*command, str(i)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for i in range(len(contestants))
    ]
    taken: list[list[float]] = [[] for _ in contestants]
    peaks = [0.0] * len(contestants)
    try:
        for number in range(rounds + 1):
            for i, child in enumerate(children):
                assert child.stdin and child.stdout
                child.stdin.write(f"{steps if number else 1}\n")
                child.stdin.flush()
                seconds, peaks[i] = map(float, child.stdout.readline().split())
                if number:  # the first round warms up
                    taken[i].append(seconds)
    finally:
        for child in children:
            child.kill()
            child.wait()
    print_table(group, taken, peaks, steps)


def print_table(group: str, taken: list[list[float]], peaks: list[float], steps: int) -> None:
    print(f"\n{group}, {BATCH} crops of {CROP_HW[0]}×{CROP_HW[1]}, {len(taken[0])} rounds")
    first = ", ".join(c.label for c in GROUPS[group] if c.peer and not c.channels_last)
    print(f"ratio: speed over that of {first} (median of rounds, least … most)")
    documented = [i for i, c in enumerate(GROUPS[group]) if c.peer and not c.channels_last]
    for i, contestant in enumerate(GROUPS[group]):
        rate = statistics.median(steps * BATCH / seconds for seconds in taken[i])
        ratios = "  ".join(ratio(taken[base], taken[i]) for base in documented)
        print(f"{contestant.label:46} {rate:7.2f} images/s  {peaks[i]:6.0f} MB  {ratios}")


def ratio(base: list[float], own: list[float]) -> str:
    """How much faster, round by round."""
    values = [theirs_s / own_s for theirs_s, own_s in zip(base, own, strict=True)]
    return f"{statistics.median(values):5.2f} ({min(values):.2f} … {max(values):.2f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--only", default="", help="groups whose name has this in it")
    parser.add_argument("--group", help=argparse.SUPPRESS)
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve is not None:
        serve(GROUPS[options.group][options.serve], options.data)
        return
    from peers.plain import write_plain

    sys.stdout.reconfigure(line_buffering=True)  # pyright: ignore[reportAttributeAccessIssue]
    with tempfile.TemporaryDirectory(prefix="training-speed-") as scratch:
        plain = Path(scratch) / "plain"
        print(f"{options.data.name}, {write_plain(options.data, plain)}")
        packages = ("torch", "torchvision", "segmentation-models-pytorch", "timm")
        print(platform.platform(), ", ".join(f"{name} {version(name)}" for name in packages))
        for group in GROUPS:
            if options.only in group:
                measure(group, plain, options.rounds, options.steps)


if __name__ == "__main__":
    main()
