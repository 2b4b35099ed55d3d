"""A folder on disk as a dataset: samples, splits, folds and facts."""

from segwright.dataset.dataset import Dataset, fingerprint_of
from segwright.dataset.facts import DatasetFacts, measure_facts
from segwright.dataset.folds import ensure_split, make_folds
from segwright.dataset.opening import open_dataset
from segwright.dataset.sample import Sample

__all__ = [
    "Dataset",
    "DatasetFacts",
    "Sample",
    "ensure_split",
    "fingerprint_of",
    "make_folds",
    "measure_facts",
    "open_dataset",
]
