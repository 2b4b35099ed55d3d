"""Metrics of one image: outlines, thin structures, partitions, sizes, and how sure it was.

All take what is true first. A class that is in the truth or in the prediction alone gets the worst
value that there is; one that is in neither is not scored.
"""
