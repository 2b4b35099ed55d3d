"""Packages that some methods need: imported when they are used."""

from segwright.packages import package

__all__ = ["package"]
