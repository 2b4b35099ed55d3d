"""All losses: against other libraries, hand-computed values, and the rules they share."""

from __future__ import annotations

import math

import pytest
import segmentation_models_pytorch as smp
import torch
from torch import Tensor
from torch.nn import functional
from torchvision.ops import sigmoid_focal_loss

from segwright.errors import UnknownNameError, UsageError
from segwright.losses import (
    LOSSES,
    CrossEntropyLoss,
    DiceLoss,
    FocalLoss,
    JaccardLoss,
    LovaszLoss,
    SigmoidCrossEntropyLoss,
    TverskyLoss,
    WeightedSum,
    build_loss,
)

IGNORE = 255
OVERLAP = ("dice", "jaccard", "tversky", "lovasz")
K5 = {"num_classes": 5, "ignore_index": IGNORE}
K1 = {"num_classes": 1, "ignore_index": IGNORE}


def case(num_classes: int = 5, *, ignored: float = 0.2, seed: int = 0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    logits = 3 * torch.randn(3, num_classes, 7, 9, generator=generator)
    target = torch.randint(0, max(num_classes, 2), (3, 7, 9), generator=generator)
    target[torch.rand(target.shape, generator=generator) < ignored] = IGNORE
    return logits, target


def hard(target: Tensor, num_classes: int, height: float = 50.0) -> Tensor:
    """Logits that decide for `target` with near-certainty, (B, K, Y, X)."""
    return height * functional.one_hot(target, num_classes).movedim(-1, 1).float()


@pytest.fixture(params=sorted(LOSSES))
def name(request: pytest.FixtureRequest) -> str:
    return request.param


class TestOracles:
    weights = torch.tensor([0.5, 1.0, 2.0, 0.0, 3.0])

    @pytest.mark.parametrize("label_smoothing", [0.0, 0.2])
    @pytest.mark.parametrize("weighted", [False, True])
    def test_cross_entropy_is_that_of_torch(self, label_smoothing, weighted):
        logits, target = case()
        weights = self.weights if weighted else None
        ours = CrossEntropyLoss(**K5, class_weights=weights, label_smoothing=label_smoothing)
        theirs = functional.cross_entropy(
            logits,
            target,
            weight=weights,
            ignore_index=IGNORE,
            label_smoothing=label_smoothing,
        )
        torch.testing.assert_close(ours(logits, target), theirs)

    @pytest.mark.parametrize("label_smoothing", [0.0, 0.2])
    @pytest.mark.parametrize("weighted", [False, True])
    def test_sigmoid_cross_entropy_is_that_of_torch(self, label_smoothing, weighted):
        logits, target = case()
        weights = self.weights if weighted else torch.ones(5)
        ours = SigmoidCrossEntropyLoss(
            **K5, class_weights=weights if weighted else None, label_smoothing=label_smoothing
        )
        valid = target != IGNORE
        answers = functional.one_hot(target[valid], 5).float()
        answers = answers * (1 - label_smoothing) + label_smoothing / 2
        theirs = functional.binary_cross_entropy_with_logits(
            logits.movedim(1, -1)[valid], answers, weight=weights / weights.mean()
        )
        torch.testing.assert_close(ours(logits, target), theirs)

    @pytest.mark.parametrize("label_smoothing", [0.0, 0.2])
    @pytest.mark.parametrize("loss", [CrossEntropyLoss, SigmoidCrossEntropyLoss])
    def test_one_channel_is_binary_cross_entropy(self, loss, label_smoothing):
        logits, target = case(1)
        valid = target != IGNORE
        answers = target[valid].float() * (1 - label_smoothing) + label_smoothing / 2
        theirs = functional.binary_cross_entropy_with_logits(logits[:, 0][valid], answers)
        ours = loss(**K1, label_smoothing=label_smoothing)
        torch.testing.assert_close(ours(logits, target), theirs)

    def test_one_channel_weights_the_pixels_of_a_class(self):
        logits, target = case(1, ignored=0)
        weights = torch.tensor([1.0, 4.0])
        theirs = functional.binary_cross_entropy_with_logits(
            logits[:, 0], target.float(), weight=weights[target], reduction="sum"
        )
        for loss in (CrossEntropyLoss, SigmoidCrossEntropyLoss):
            ours = loss(**K1, class_weights=weights)(logits, target)
            torch.testing.assert_close(ours, theirs / weights[target].sum())

    @pytest.mark.parametrize(
        ("ours", "theirs"),
        [
            (DiceLoss, smp.losses.DiceLoss),
            (JaccardLoss, smp.losses.JaccardLoss),
            (TverskyLoss, lambda mode, **rest: smp.losses.TverskyLoss(
                mode, alpha=0.3, beta=0.7, **rest
            )),
        ],
        ids=["dice", "jaccard", "tversky"],
    )  # fmt: skip
    def test_overlap_is_that_of_smp(self, ours, theirs):
        logits, target = case(ignored=0)
        expected = theirs("multiclass", from_logits=True, smooth=0.0)(logits, target)
        torch.testing.assert_close(ours(**K5)(logits, target), expected)
        # One channel: smp counts the foreground alone.
        logits, target = case(1, ignored=0)
        expected = theirs("binary", from_logits=True, smooth=0.0)(logits, target[:, None])
        foreground = ours(**K1, class_weights=torch.tensor([0.0, 1.0]))
        torch.testing.assert_close(foreground(logits, target), expected)

    @pytest.mark.parametrize("ignored", [0.0, 0.3])
    def test_lovasz_is_that_of_smp(self, ignored):
        logits, target = case(ignored=ignored)
        theirs = smp.losses.LovaszLoss("multiclass", ignore_index=IGNORE, from_logits=True)
        torch.testing.assert_close(LovaszLoss(**K5)(logits, target), theirs(logits, target))

    @pytest.mark.parametrize("gamma", [0.5, 2.0, 3.0])
    def test_focal_with_one_channel_is_that_of_torchvision(self, gamma):
        logits, target = case(1, ignored=0)
        theirs = sigmoid_focal_loss(
            logits[:, 0], target.float(), alpha=-1, gamma=gamma, reduction="mean"
        )
        torch.testing.assert_close(FocalLoss(**K1, gamma=gamma)(logits, target), theirs)

    def test_focal_without_focus_is_cross_entropy(self):
        logits, target = case()
        settings = {**K5, "class_weights": self.weights}
        torch.testing.assert_close(
            FocalLoss(**settings, gamma=0)(logits, target),
            CrossEntropyLoss(**settings)(logits, target),
        )


class TestByHand:
    """Four pixels, two classes, probability of class 1: 0.9, 0.6, 0.3, 0.2; truth 1, 1, 0, 0."""

    p = torch.tensor([0.9, 0.6, 0.3, 0.2])
    logits = torch.stack((torch.zeros(4), p.logit())).reshape(1, 2, 2, 2)
    target = torch.tensor([1, 1, 0, 0]).reshape(1, 2, 2)

    @pytest.mark.parametrize(
        ("loss", "expected"),
        [
            # TP, FP and FN are 1.5, 0.5 and 0.5, for both classes.
            (DiceLoss, 1 - 3 / 4),
            (JaccardLoss, 1 - 1.5 / 2.5),
            (TverskyLoss, 1 - 1.5 / 2),
            # Class 0: errors .4 outside, .3 inside, .2 inside, .1 outside; the Jaccard loss grows
            # to 1/3, 2/3, 1, 1. Class 1: .4 inside, .3, .2 outside, .1 inside; 1/2, 2/3, 3/4, 1.
            (LovaszLoss, (0.9 / 3 + (0.4 / 2 + 0.3 / 6 + 0.2 / 12 + 0.1 / 4)) / 2),
            (FocalLoss, sum((1 - p) ** 2 * -math.log(p) for p in (0.9, 0.6, 0.7, 0.8)) / 4),
            (CrossEntropyLoss, sum(-math.log(p) for p in (0.9, 0.6, 0.7, 0.8)) / 4),
        ],
    )
    def test_values(self, loss, expected):
        result = loss(num_classes=2, ignore_index=IGNORE)(self.logits, self.target)
        assert float(result) == pytest.approx(expected, rel=1e-5)

    def test_class_weights_weigh_the_mean_of_classes(self):
        """Class 1 alone, with three pixels in class 0."""
        target = torch.tensor([1, 0, 0, 0]).reshape(1, 2, 2)
        weights = torch.tensor([1.0, 3.0])
        # Class 0: TP .4+.7+.8, FP .1, FN .6+.3+.2; class 1: TP .9, FP 1.1, FN .1.
        iou = (1.9 / 3.1, 0.9 / 2.1)
        expected = (1 * (1 - iou[0]) + 3 * (1 - iou[1])) / 4
        loss = JaccardLoss(num_classes=2, ignore_index=IGNORE, class_weights=weights)
        assert float(loss(self.logits, target)) == pytest.approx(expected, rel=1e-5)

    @pytest.mark.parametrize("loss", [JaccardLoss, LovaszLoss])
    def test_certain_predictions_score_their_jaccard_index(self, loss):
        """At certainty both equal 1 - IoU of the decisions, over the classes in the target."""
        truth = torch.tensor([[0, 0, 0, 1, 1, 2]])[None]
        said = torch.tensor([[0, 0, 1, 1, 3, 2]])[None]
        # IoU 2/3, 1/3, 1; class 3 is only a false alarm and has no term of its own.
        expected = 1 - (2 / 3 + 1 / 3 + 1) / 3
        result = loss(num_classes=4, ignore_index=IGNORE)(hard(said, 4), truth)
        assert float(result) == pytest.approx(expected, abs=1e-5)


class TestRules:
    @pytest.mark.parametrize("num_classes", [1, 2, 5])
    def test_everything_ignored_is_zero_with_zero_gradient(self, name, num_classes):
        for height in (1.0, 1e4):
            logits = (height * case(num_classes)[0]).requires_grad_()
            target = torch.full((3, 7, 9), IGNORE)
            loss = build_loss(name, num_classes=num_classes, ignore_index=IGNORE)(logits, target)
            loss.backward()
            assert loss.item() == 0
            assert logits.grad is not None and not logits.grad.any()

    def test_ignored_pixels_change_nothing(self, name):
        logits, target = case(ignored=0.3)
        weights = torch.tensor([1.0, 2.0, 0.5, 3.0, 1.0])
        loss = build_loss(name, **K5, class_weights=weights)
        other = torch.where((target == IGNORE)[:, None], torch.full_like(logits, 1e4), logits)
        other.requires_grad_()
        result = loss(other, target)
        torch.testing.assert_close(result, loss(logits, target))
        result.backward()
        assert not other.grad.movedim(1, -1)[target == IGNORE].any()
        # The same as if they had been cut out.
        valid = target != IGNORE
        left = logits.movedim(1, -1)[valid].T[None, :, None]  # (1, K, 1, N)
        torch.testing.assert_close(result.detach(), loss(left, target[valid][None, None]))

    @pytest.mark.parametrize("num_classes", [1, 2, 5])
    def test_extreme_logits_have_finite_gradients(self, name, num_classes):
        logits, target = case(num_classes)
        logits = (1e4 * logits.sign()).requires_grad_()
        loss = build_loss(name, num_classes=num_classes, ignore_index=IGNORE)(logits, target)
        loss.backward()
        assert math.isfinite(loss.item())
        assert torch.isfinite(logits.grad).all()

    @pytest.mark.parametrize("gamma", [0.0, 0.3, 1.0])
    def test_focal_is_finite_for_small_gamma(self, gamma):
        logits = hard(torch.zeros(1, 4, 4, dtype=torch.int64), 2, 1e4).requires_grad_()
        loss = FocalLoss(num_classes=2, ignore_index=IGNORE, gamma=gamma)
        loss(logits, torch.zeros(1, 4, 4, dtype=torch.int64)).backward()
        assert torch.isfinite(logits.grad).all()

    @pytest.mark.parametrize("num_classes", [1, 3])
    def test_gradient_is_that_of_the_value(self, name, num_classes):
        logits, target = case(num_classes)
        logits, target = logits[:2, :, :3, :4].double().requires_grad_(), target[:2, :3, :4]
        weights = torch.rand(max(num_classes, 2), dtype=torch.float64) + 0.5
        loss = build_loss(name, num_classes=num_classes, ignore_index=IGNORE, class_weights=weights)
        assert torch.autograd.gradcheck(lambda x: loss(x, target), (logits,))

    def test_perfect_and_worst_predictions(self, name):
        target = torch.randint(0, 5, (2, 6, 6), generator=torch.Generator().manual_seed(0))
        loss = build_loss(name, **K5)
        best = loss(hard(target, 5) - 25, target).item()
        worst = loss(hard((target + 1) % 5, 5) - 25, target).item()
        assert best == pytest.approx(0, abs=1e-4)
        assert worst > 0.9

    def test_one_class_present_is_learned(self, name):
        """A batch of background only still drives false alarms down."""
        logits = torch.zeros(1, 3, 4, 4, requires_grad=True)
        target = torch.zeros(1, 4, 4, dtype=torch.int64)
        build_loss(name, num_classes=3, ignore_index=IGNORE)(logits, target).backward()
        assert (logits.grad[:, 0] < 0).all() and (logits.grad[:, 1:] > 0).all()

    @pytest.mark.parametrize("overlap", OVERLAP)
    def test_absent_classes_have_no_term(self, overlap):
        """Adding channels that nobody claims and nobody is changes nothing."""
        logits, target = case(3)
        wide = torch.cat((logits, torch.full((3, 4, 7, 9), -1e4)), dim=1)
        torch.testing.assert_close(
            build_loss(overlap, num_classes=7, ignore_index=IGNORE)(wide, target),
            build_loss(overlap, num_classes=3, ignore_index=IGNORE)(logits, target),
        )

    def test_one_channel_is_two_classes(self, name):
        if name == "sigmoid_cross_entropy":
            pytest.skip("two channels are two questions there, one channel is one")
        logits, target = case(1)
        pair = torch.cat((torch.zeros_like(logits), logits), dim=1)
        torch.testing.assert_close(
            build_loss(name, num_classes=1, ignore_index=IGNORE)(logits, target),
            build_loss(name, num_classes=2, ignore_index=IGNORE)(pair, target),
        )

    @pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
    def test_float32_also_under_autocast(self, name, dtype):
        logits, target = case()
        low = logits.to(dtype)
        loss = build_loss(name, **K5)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            result = loss(low, target)
        assert result.dtype == torch.float32
        torch.testing.assert_close(result, loss(low.float(), target))

    def test_memory_format_does_not_matter(self, name):
        logits, target = case()
        loss = build_loss(name, **K5)
        last = logits.contiguous(memory_format=torch.channels_last)
        torch.testing.assert_close(loss(last, target), loss(logits, target))

    def test_large_counts_keep_growing(self):
        """A running float32 sum stops at 2**24 pixels; float16, at 2**11, shows it cheaply."""
        target = torch.zeros(5, 40, 40, dtype=torch.int64)
        sure = torch.ones(5, 2, 40, 40, dtype=torch.float16)
        counts = DiceLoss(num_classes=2, ignore_index=IGNORE).count(sure, target)
        assert counts.true_positive.tolist() == [8000, 0]

    def test_other_ignore_index(self, name):
        logits, target = case()
        loss = build_loss(name, num_classes=5, ignore_index=-100)
        torch.testing.assert_close(
            loss(logits, torch.where(target == IGNORE, -100, target)),
            build_loss(name, **K5)(logits, target),
        )


class TestBuild:
    def test_sums(self):
        logits, target = case()
        parts = [build_loss(name, **K5)(logits, target) for name in ("cross_entropy", "lovasz")]
        plain = build_loss("cross_entropy+lovasz", **K5)
        torch.testing.assert_close(plain(logits, target), parts[0] + parts[1])
        weighted = build_loss({"cross_entropy": 1.0, "lovasz": 0.5}, **K5)
        torch.testing.assert_close(weighted(logits, target), parts[0] + 0.5 * parts[1])
        assert isinstance(weighted, WeightedSum)
        assert weighted.terms(logits, target)["lovasz"] == 0.5 * parts[1]
        torch.testing.assert_close(build_loss({"dice": 2.0}, **K5)(logits, target),
                                   2 * build_loss("dice", **K5)(logits, target))  # fmt: skip

    def test_sum_stays_float32_for_half_logits(self):
        logits, target = case()
        loss = build_loss("cross_entropy+dice", **K5)
        assert loss(logits.half(), target).dtype == torch.float32

    def test_smoothing_goes_where_it_is_defined(self):
        logits, target = case()
        both = build_loss("cross_entropy+dice", **K5, label_smoothing=0.1)
        expected = CrossEntropyLoss(**K5, label_smoothing=0.1)(logits, target)
        torch.testing.assert_close(both(logits, target), expected + DiceLoss(**K5)(logits, target))
        with pytest.raises(UsageError, match="label_smoothing"):
            build_loss("dice", **K5, label_smoothing=0.1)

    def test_nothing_in_the_state(self, name):
        """Class weights move with the module but are no part of a checkpoint."""
        loss = build_loss(name, **K5, class_weights=torch.ones(5))
        assert not loss.state_dict() and not list(loss.parameters())
        assert loss.double().class_weights.dtype == torch.float64

    @pytest.mark.parametrize(
        ("spec", "message"),
        [
            ("", "unknown loss"),
            ({}, "empty"),
            ("dice+dice", "twice"),
            ({"dice": 0.0}, "above 0"),
            ({"dice": float("nan")}, "above 0"),
        ],
    )
    def test_refuses_specs(self, spec, message):
        with pytest.raises(UsageError, match=message):
            build_loss(spec, **K5)

    def test_names_the_nearest(self):
        with pytest.raises(UnknownNameError, match="cross_entropy"):
            build_loss("crossentropy", **K5)

    @pytest.mark.parametrize(
        "weights", [[1.0], [1.0, -1, 1, 1, 1], [0.0] * 5, [1.0, 1, 1, 1, float("inf")]]
    )
    def test_refuses_class_weights(self, name, weights):
        with pytest.raises(UsageError, match="class_weights"):
            build_loss(name, **K5, class_weights=torch.tensor(weights))

    def test_refuses_tensors(self, name):
        logits, target = case()
        loss = build_loss(name, **K5)
        with pytest.raises(UsageError, match="logits"):
            loss(logits[:, :4], target)
        with pytest.raises(UsageError, match="target"):
            loss(logits[..., ::2, ::2], target)
        with pytest.raises(UsageError, match=r"torch\.uint8"):
            loss(logits, target.to(torch.uint8))

    @pytest.mark.parametrize(
        ("loss", "settings"),
        [
            (FocalLoss, {"gamma": -1.0}),
            (TverskyLoss, {"false_negative": 0.0}),
            (TverskyLoss, {"false_positive": -0.1}),
        ],
    )
    def test_refuses_settings(self, loss, settings):
        with pytest.raises(UsageError, match=next(iter(settings))):
            loss(**K5, **settings)
