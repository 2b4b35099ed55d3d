"""Contours as people draw them, learned without a network, and regions at every scale.

channels     colour and gradients of an image, as a forest sees them
forest       trees whose leaves are small pictures of contours
detector     an image → how strong the contour is at each pixel
hierarchy    contours → regions, joined from the weakest contour to the strongest
"""
