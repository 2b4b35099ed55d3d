"""Changes of light, colour, optics and sensor; all on float32 in the units of the image.

They come in the order in which a camera adds them: light and colour, tone curve, lens, sensor,
compression.
"""

from __future__ import annotations

import cv2
import numpy as np

from segwright.errors import UsageError
from segwright.images.image import LUMINANCE
from segwright.transforms.config import AugmentConfig


def change_light(
    pixels: np.ndarray, config: AugmentConfig, *, full_scale: float, rng: np.random.Generator
) -> np.ndarray:
    """Applies all photometric changes of `config`, each with newly drawn values.

    Args:
        pixels: (Y, X, C) float32; may be overwritten.
        config: What may vary.
        full_scale: The value that stands for 1.0.
        rng: Source of all randomness.

    Returns:
        (Y, X, C) float32, possibly outside 0 … full_scale.

    Raises:
        UsageError: Saturation on other than 3 channels, or JPEG on other than 1 or 3.
    """
    pixels = _mix_colours(pixels, config, full_scale, rng)
    if config.gamma:
        pixels = _bend(pixels, _factor(config.gamma, rng), full_scale)
    if config.blur_px and rng.random() < config.blur_probability:
        # cv2 takes exactly 0 for "choose one yourself".
        sigma = max(rng.uniform(0, config.blur_px), 1e-3)
        blurred = cv2.GaussianBlur(pixels, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
        pixels = blurred.reshape(pixels.shape)
    if config.noise and rng.random() < config.noise_probability:
        sigma = np.float32(rng.uniform(0, config.noise) * full_scale)
        noise = rng.standard_normal(pixels.shape, dtype=np.float32)
        noise *= sigma
        pixels += noise
    if config.jpeg_quality is not None and rng.random() < config.jpeg_probability:
        quality = int(rng.integers(config.jpeg_quality, 95, endpoint=True))
        pixels = _jpeg(pixels, quality, full_scale)
    return pixels


def _mix_colours(
    pixels: np.ndarray, config: AugmentConfig, full_scale: float, rng: np.random.Generator
) -> np.ndarray:
    """Gain, saturation, contrast and brightness: all linear in colour, so one matrix does it."""
    if not (config.channel_gain or config.saturation or config.contrast or config.brightness):
        return pixels
    num_channels = pixels.shape[2]
    mixing, offset = np.eye(num_channels), np.zeros(num_channels)
    if config.channel_gain:
        mixing = np.diag([_factor(config.channel_gain, rng) for _ in range(num_channels)])
    if config.saturation:
        _require_channels("saturation", num_channels, (3,))
        factor = _factor(config.saturation, rng)
        mixing = (factor * np.eye(3) + (1 - factor) * LUMINANCE) @ mixing
    if config.contrast:
        factor = _factor(config.contrast, rng)
        mean = (mixing @ _channel_means(pixels)).mean()
        mixing, offset = factor * mixing, offset + (1 - factor) * mean
    if config.brightness:
        offset = offset + rng.uniform(-config.brightness, config.brightness) * full_scale
    affine = np.column_stack((mixing, offset)).astype(np.float32)
    # Each pixel is read before it is written, so that no memory is needed for a second picture.
    cv2.transform(pixels, affine, dst=pixels)
    return pixels


def _channel_means(pixels: np.ndarray) -> np.ndarray:
    """(C,) float64; cv2 takes four channels at a time, and a fortieth of numpy's time."""
    means: list[float] = []
    for first in range(0, pixels.shape[2], 4):
        means.extend(cv2.mean(np.ascontiguousarray(pixels[..., first : first + 4])))
    return np.array(means[: pixels.shape[2]])


def _bend(pixels: np.ndarray, power: float, full_scale: float) -> np.ndarray:
    """Gamma curve through 0 and full scale; odd, so that signed floats stay defined.

    Computed as exp(power * log(x)), ten times faster than a power, and in place: memory for
    another copy takes longer to get than the computation.
    """
    bent = np.abs(pixels)
    bent *= np.float32(1 / full_scale)
    np.maximum(bent, np.float32(1e-30), out=bent)  # keeps the logarithm finite
    cv2.log(bent, dst=bent)
    bent *= np.float32(power)
    cv2.exp(bent, dst=bent)
    bent *= np.float32(full_scale)
    return np.copysign(bent, pixels, out=bent)


def _jpeg(pixels: np.ndarray, quality: int, full_scale: float) -> np.ndarray:
    _require_channels("jpeg_quality", pixels.shape[2], (1, 3))
    pixels *= np.float32(255 / full_scale)
    eight_bit = np.rint(np.clip(pixels, 0, 255, out=pixels), out=pixels).astype(np.uint8)
    # cv2 takes three channels for blue, green, red; the format does not treat them alike.
    _, encoded = cv2.imencode(".jpg", eight_bit[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = cv2.imdecode(encoded, cv2.IMREAD_UNCHANGED)
    assert decoded is not None  # it was encoded just now
    restored = decoded.reshape(pixels.shape)[..., ::-1].astype(np.float32, order="C")
    restored *= np.float32(full_scale / 255)
    return restored


def _factor(strength: float, rng: np.random.Generator) -> float:
    """Log-uniform in [1 / (1 + strength), 1 + strength]."""
    largest = np.log1p(strength)
    return float(np.exp(rng.uniform(-largest, largest)))


def _require_channels(setting: str, num_channels: int, accepted: tuple[int, ...]) -> None:
    if num_channels not in accepted:
        raise UsageError(
            f"{setting} is on, but the image has {num_channels} channels; it is defined for "
            f"{' or '.join(map(str, accepted))}",
            where="augmentation settings",
            remedy=f"Leave {setting} at its default",
        )
