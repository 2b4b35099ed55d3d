"""What is wrong with a dataset, found by looking at all of it before a day is lost."""

from segwright.dataset.checks.draft import draft
from segwright.dataset.checks.examine import Examined, examine
from segwright.dataset.checks.repair import repair
from segwright.dataset.checks.verdict import Verdict

__all__ = ["Examined", "Verdict", "draft", "examine", "repair"]
