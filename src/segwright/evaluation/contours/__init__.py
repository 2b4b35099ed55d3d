"""Contours and regions of natural images, scored against several human annotations of each.

annotated        images with annotations, as in the Berkeley Segmentation Data Set
correspondence   which boundary pixels of two maps are the same, one to one
boundaries       precision, recall, ODS, OIS and AP of boundaries
regions          segmentation covering, probabilistic Rand index, variation of information
protocol         what any method has found in an image → counts → scores
"""
