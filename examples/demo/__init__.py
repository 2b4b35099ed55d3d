"""The demo: surfaces and found things, seen from above.

`python -m examples.demo` (or `make demo`) composes a data set from real pictures, trains a network
on it for two minutes, scores it beside two methods that learn without gradients, and writes one
HTML report.

    pictures.py    the real pictures and which part of each belongs to which split
    scenes.py      composes a scene and its exact labels
    dataset.py     writes the data set as a folder of images and masks
    baselines.py   the two simple methods
    __main__.py    the story, top to bottom
"""
