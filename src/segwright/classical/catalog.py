"""The one table of methods without a network: what there is and where it is.

Reading it needs nothing but itself; a method is imported when it is built.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from segwright.errors import UnknownNameError

if TYPE_CHECKING:
    from segwright.classical.method import Method


@dataclass(frozen=True)
class MethodEntry:
    """One method of the catalogue.

    Attributes:
        builder: "module:Class", below `segwright.classical`.
        family: What kind of method it is, for lists.
        summary: What it is, in one line.
        use_when: When to choose it, and when not.
        paper: Authors, year, title.
        code: Whose code does the work, and its licence.
        needs_labels: Whether it can do nothing before it is trained.
    """

    builder: str
    family: str
    summary: str
    use_when: str
    paper: str
    code: str = "segwright, Apache-2.0"
    needs_labels: bool = False


CATALOG: Mapping[str, MethodEntry] = {
    "otsu": MethodEntry(
        builder="thresholds.otsu:Otsu",
        family="thresholds",
        summary="Brightness levels that differ most: one threshold, or several",
        use_when="Objects are brighter or darker than all else, under even light. With shading take"
        " sauvola, or the step illumination before it.",
        paper="Otsu 1979: A threshold selection method from gray-level histograms; several levels:"
        " Liao, Chen, Chung 2001: A fast algorithm for multilevel thresholding",
    ),
    "li": MethodEntry(
        builder="thresholds.li:Li",
        family="thresholds",
        summary="The threshold that keeps most of what the image tells (least cross-entropy)",
        use_when="Few bright objects on a dark ground, as in fluorescence, where otsu cuts off the"
        " dim ones.",
        paper="Li, Lee 1993: Minimum cross entropy thresholding",
    ),
    "triangle": MethodEntry(
        builder="thresholds.triangle:Triangle",
        family="thresholds",
        summary="The threshold at the foot of the histogram's largest peak",
        use_when="One level fills most of the image and the other is a long tail of the histogram;"
        " not for two peaks.",
        paper="Zack, Rogers, Latt 1977: Automatic measurement of sister chromatid exchange"
        " frequency",
    ),
    "yen": MethodEntry(
        builder="thresholds.yen:Yen",
        family="thresholds",
        summary="The threshold with the largest correlation on both sides",
        use_when="Small bright objects on a large even ground.",
        paper="Yen, Chang, Chang 1995: A new criterion for automatic multilevel thresholding",
    ),
    "isodata": MethodEntry(
        builder="thresholds.isodata:Isodata",
        family="thresholds",
        summary="The threshold half way between the means of its two sides",
        use_when="As otsu, whose answer it nearly always gives.",
        paper="Ridler, Calvard 1978: Picture thresholding using an iterative selection method",
    ),
    "two_modes": MethodEntry(
        builder="thresholds.two_modes:TwoModes",
        family="thresholds",
        summary="The lowest place between the two peaks of the histogram",
        use_when="The histogram has two clear peaks, of however different size.",
        paper="Prewitt, Mendelsohn 1966: The analysis of cell images",
    ),
    "mean_brightness": MethodEntry(
        builder="thresholds.mean_brightness:MeanBrightness",
        family="thresholds",
        summary="The mean of all pixels as the threshold",
        use_when="As a yardstick for the others; both levels fill about half of the image.",
        paper="Glasbey 1993: An analysis of histogram-based thresholding algorithms",
    ),
    "minimum_error": MethodEntry(
        builder="thresholds.minimum_error:MinimumError",
        family="thresholds",
        summary="The threshold between two normal distributions fitted to the histogram",
        use_when="The levels differ much in size or in noise, which biases otsu.",
        paper="Kittler, Illingworth 1986: Minimum error thresholding",
    ),
    "fixed": MethodEntry(
        builder="thresholds.fixed:Fixed",
        family="thresholds",
        summary="One threshold for all images, set by hand or chosen in training",
        use_when="Images are taken under the same light and brightness has a meaning, as in CT.",
        paper="none",
    ),
    "hysteresis": MethodEntry(
        builder="thresholds.hysteresis:Hysteresis",
        family="thresholds",
        summary="What exceeds a strict threshold, and what exceeds a lenient one and touches it",
        use_when="Objects fade out: one threshold either breaks them or lets noise in.",
        paper="Canny 1986: A computational approach to edge detection",
        code="segwright, Apache-2.0; connected components by OpenCV, Apache-2.0",
    ),
    "adaptive": MethodEntry(
        builder="thresholds.adaptive:Adaptive",
        family="thresholds",
        summary="Brightness against the mean of the surroundings",
        use_when="Small objects or lines under uneven light. Set the sign of `offset`: positive for"
        " dark objects.",
        paper="Wellner 1993: Adaptive thresholding for the DigitalDesk",
        code="segwright, Apache-2.0; filters by OpenCV, Apache-2.0",
    ),
    "sauvola": MethodEntry(
        builder="thresholds.sauvola:Sauvola",
        family="thresholds",
        summary="Brightness against the surroundings' mean, lowered where they are flat",
        use_when="Ink on stained or shaded paper, thin dark structures; with objects=brighter also"
        " bright ones on uneven ground.",
        paper="Sauvola, Pietikäinen 2000: Adaptive document image binarization",
        code="segwright, Apache-2.0; filters by OpenCV, Apache-2.0",
    ),
    "niblack": MethodEntry(
        builder="thresholds.niblack:Niblack",
        family="thresholds",
        summary="Brightness against the surroundings' mean and a share of their deviation",
        use_when="Texture or lines nearly everywhere; on large even areas take sauvola.",
        paper="Niblack 1986: An introduction to digital image processing",
        code="segwright, Apache-2.0; filters by OpenCV, Apache-2.0",
    ),
    "phansalkar": MethodEntry(
        builder="thresholds.phansalkar:Phansalkar",
        family="thresholds",
        summary="Sauvola's threshold, raised in dark places",
        use_when="Stained cells of low contrast, where sauvola misses what is dark among dark.",
        paper="Phansalkar, More, Sabale, Joshi 2011: Adaptive local thresholding for detection of"
        " nuclei in diversity stained cytology images",
        code="segwright, Apache-2.0; filters by OpenCV, Apache-2.0",
    ),
    "bernsen": MethodEntry(
        builder="thresholds.bernsen:Bernsen",
        family="thresholds",
        summary="Half way between the darkest and the brightest of the surroundings",
        use_when="Clear contrast under uneven light and little noise.",
        paper="Bernsen 1986: Dynamic thresholding of gray-level images",
        code="segwright, Apache-2.0; filters by SciPy, BSD-3-Clause",
    ),
    "felzenszwalb": MethodEntry(
        builder="regions.felzenszwalb:Felzenszwalb",
        family="regions",
        summary="Pixels merged along the weakest edges first, as far as each region's own texture",
        use_when="Natural images, as a fast first division into regions of any shape and size; a"
        " good input for a classifier of regions.",
        paper="Felzenszwalb, Huttenlocher 2004: Efficient graph-based image segmentation",
    ),
    "slic": MethodEntry(
        builder="regions.slic:Slic",
        family="regions",
        summary="Superpixels: compact pieces of about one size that follow the edges",
        use_when="Something else works on the pieces: a classifier of regions, a merging, a graph."
        " They are not objects yet; for these take slic_merged.",
        paper="Achanta, Shaji, Smith, Lucchi, Fua, Süsstrunk 2012: SLIC superpixels compared to"
        " state-of-the-art superpixel methods",
    ),
    "kmeans": MethodEntry(
        builder="clustering.kmeans:KMeans",
        family="clustering",
        summary="A given number of colours that the pixels lie closest to",
        use_when="Things differ in colour and their number is roughly known; the fastest of its"
        " family. With training, every colour becomes one of your classes.",
        paper="Lloyd 1982: Least squares quantization in PCM; Arthur & Vassilvitskii 2007:"
        " k-means++, the advantages of careful seeding",
    ),
    "gmm": MethodEntry(
        builder="clustering.gaussian_mixture:GaussianMixture",
        family="clustering",
        summary="Clusters of colour that may be long, wide or small: a mixture of Gaussians",
        use_when="As kmeans, where clusters differ in spread: shaded objects, or a small one beside"
        " a large ground.",
        paper="Dempster, Laird & Rubin 1977: Maximum likelihood from incomplete data via the EM"
        " algorithm",
        code="scikit-learn (BSD-3-Clause) fits, segwright assigns",
    ),
    "watershed": MethodEntry(
        builder="regions.watershed:Watershed",
        family="regions",
        summary="The gradient flooded from its minima: regions end on its crests",
        use_when="Every region has a rim that is steeper than its inside. For round objects that"
        " touch take otsu_watershed.",
        paper="Meyer 1994: Topographic distance and watershed lines; Grimaud 1992: A new measure of"
        " contrast: the dynamics",
    ),
    "contour_forest": MethodEntry(
        builder="contours.contour_forest:LearnedContours",
        family="regions",
        summary="Contours by trees that have learned them, and the regions between, at any level",
        use_when="Outlines matter and labels show them: photographs, tiles, cells side by side."
        " Train it: before, it knows steep places only.",
        paper="Dollár, Zitnick 2015: Fast edge detection using structured forests; Arbeláez, Maire,"
        " Fowlkes, Malik 2011: Contour detection and hierarchical image segmentation",
    ),
    "otsu_watershed": MethodEntry(
        builder="regions.otsu_watershed:OtsuWatershed",
        family="regions",
        summary="Objects by Otsu's threshold, those that touch parted at their waists",
        use_when="Cells, nuclei, grains: round objects brighter or darker than the background, to"
        " be counted or measured one by one.",
        paper="Otsu 1979: A threshold selection method from gray-level histograms; Vincent, Soille"
        " 1991: Watersheds in digital spaces",
        code="segwright, Apache-2.0; distance transform: OpenCV, Apache-2.0",
    ),
    "region_growing": MethodEntry(
        builder="regions.region_growing:RegionGrowing",
        family="regions",
        summary="Regions grow from seeds by the pixel that is most like them",
        use_when="Regions have one colour each and soft rims; about as many as are asked for.",
        paper="Adams, Bischof 1994: Seeded region growing",
    ),
    "split_merge": MethodEntry(
        builder="regions.split_merge:SplitMerge",
        family="regions",
        summary="The picture quartered until every piece is even, then like pieces merged",
        use_when="Large even areas. Rims are as coarse as the smallest square; for finer ones take"
        " slic_merged or felzenszwalb.",
        paper="Horowitz, Pavlidis 1976: Picture segmentation by a tree traversal algorithm",
    ),
    "slic_merged": MethodEntry(
        builder="regions.slic_merged:SlicMerged",
        family="regions",
        summary="Superpixels, of which the most alike neighbours are merged until none are",
        use_when="Regions as the eye sees them, by colour: photographs, aerial pictures.",
        paper="Achanta, Shaji, Smith, Lucchi, Fua, Süsstrunk 2012: SLIC superpixels compared to"
        " state-of-the-art superpixel methods; Ward 1963: Hierarchical grouping to optimize an"
        " objective function",
    ),
    "sobel": MethodEntry(
        builder="edges.sobel:Sobel",
        family="edges",
        summary="Ridges of the gradient by a 3×3 operator, linked and closed into regions",
        use_when="Sharp images with even areas; noise needs canny.",
        paper="Sobel, Feldman 1968: A 3×3 isotropic gradient operator for image processing",
        code="segwright, Apache-2.0; filters by OpenCV, Apache-2.0",
    ),
    "canny": MethodEntry(
        builder="edges.canny:Canny",
        family="edges",
        summary="Canny's edges, linked and closed into regions",
        use_when="Areas have clear outlines but uneven insides. For regions that hang together at"
        " every scale take canny_owt.",
        paper="Canny 1986: A computational approach to edge detection",
        code="segwright, Apache-2.0; filters by OpenCV, Apache-2.0",
    ),
    "log": MethodEntry(
        builder="edges.log:LaplacianOfGaussian",
        family="edges",
        summary="Zero crossings of the Laplacian of a Gaussian, closed into regions",
        use_when="Smooth blobs of about one size, at least three times `sigma_px` across; on"
        " textured scenes take canny_owt.",
        paper="Marr, Hildreth 1980: Theory of edge detection",
        code="segwright, Apache-2.0; filters by OpenCV, Apache-2.0",
    ),
    "canny_owt": MethodEntry(
        builder="edges.canny_owt:CannyOwt",
        family="edges",
        summary="Canny's gradient, closed at every level into a hierarchy of regions",
        use_when="Natural images, when one number should say how coarse the regions are; it knows"
        " no texture.",
        paper="Arbeláez, Maire, Fowlkes, Malik 2011: Contour detection and hierarchical image"
        " segmentation",
    ),
    "chan_vese": MethodEntry(
        builder="active_contours.chan_vese:ChanVese",
        family="active contours",
        summary="A smooth contour between two sides that are each as even as can be",
        use_when="Two levels as for otsu, but noisy: the contour is smooth, and colour counts.",
        paper="Chan, Vese 2001: Active contours without edges; Márquez-Neila, Baumela, Alvarez"
        " 2014: A morphological approach to curvature-based evolution of curves and surfaces",
    ),
    "geodesic_contour": MethodEntry(
        builder="active_contours.geodesic:GeodesicContour",
        family="active contours",
        summary="A smooth contour that shrinks or grows until strong edges hold it",
        use_when="Objects have clear outlines but no brightness of their own; a threshold, or the"
        " middle of the image, is near them.",
        paper="Caselles, Kimmel, Sapiro 1997: Geodesic active contours; Márquez-Neila, Baumela,"
        " Alvarez 2014: A morphological approach to curvature-based evolution of curves and"
        " surfaces",
    ),
    "ncuts": MethodEntry(
        builder="graphs.normalized_cuts:NormalizedCuts",
        family="graphs",
        summary="Superpixels parted where they hang together least, seen over the whole picture",
        use_when="Photographs, for a known number of large regions; slic_merged is faster, but"
        " compares neighbours alone.",
        paper="Shi, Malik 2000: Normalized cuts and image segmentation; Cour, Bénézit, Shi 2005:"
        " Spectral segmentation with multiscale graph decomposition",
        code="segwright, Apache-2.0; eigenvectors: SciPy (ARPACK), BSD",
    ),
    "random_walker": MethodEntry(
        builder="graphs.random_walker:RandomWalker",
        family="graphs",
        summary="Doubtful pixels go where a random walk that edges stop leads to",
        use_when="A threshold or clusters are right in the middle of objects, and weak or noisy at"
        " their rims.",
        paper="Grady 2006: Random walks for image segmentation",
    ),
    "grabcut": MethodEntry(
        builder="graphs.grabcut:GrabCut",
        family="graphs",
        summary="One object in the middle, parted from the background by colour and edges",
        use_when="Photographs of one thing that does not touch the rim. For many small objects take"
        " otsu_watershed or graph_cut.",
        paper="Rother, Kolmogorov, Blake 2004: GrabCut: interactive foreground extraction using"
        " iterated graph cuts",
        code="OpenCV, Apache-2.0",
    ),
    "graph_cut": MethodEntry(
        builder="graphs.graph_cut:GraphCut",
        family="graphs",
        summary="A Gaussian mixture of which neighbours agree, with borders along edges",
        use_when="gmm or kmeans tells the classes, but speckled and with ragged borders.",
        paper="Boykov, Jolly 2001: Interactive graph cuts for optimal boundary & region"
        " segmentation; Boykov, Veksler, Zabih 2001: Fast approximate energy minimization via graph"
        " cuts; Boykov, Kolmogorov 2004: An experimental comparison of min-cut/max-flow algorithms",
        code="segwright, Apache-2.0; mixture: scikit-learn, BSD",
    ),
    "meanshift": MethodEntry(
        builder="clustering.mean_shift:MeanShift",
        family="clustering",
        summary="Regions around the modes of place and colour, merged from fine to coarse",
        use_when="Photos: smooth inside, sharp at edges, with one setting from fine to coarse. Slow"
        " for windows of many pixels.",
        paper="Comaniciu & Meer 2002: Mean shift, a robust approach toward feature space analysis",
    ),
    "dbscan": MethodEntry(
        builder="clustering.dbscan:Dbscan",
        family="clustering",
        summary="Pixels that have enough pixels of like colour around them, joined",
        use_when="Regions of any shape whose colour changes slowly, with thin or ragged borders to"
        " be left out. Where colours run into each other regions do too: take meanshift.",
        paper="Ester, Kriegel, Sander & Xu 1996: A density-based algorithm for discovering"
        " clusters; Gunawan 2013: A faster algorithm for DBSCAN",
    ),
    "naive": MethodEntry(
        builder="clustering.naive:Naive",
        family="clustering",
        summary="Colour and texture split in two again and again; dilation closes what is small",
        use_when="A fast first division of large pictures by colour and roughness, when neighbours"
        " need not be compared.",
        paper="Boley 1998: Principal direction divisive partitioning; Kaufman & Rousseeuw 1990:"
        " Finding groups in data",
    ),
    "radius": MethodEntry(
        builder="clustering.radius:Radius",
        family="clustering",
        summary="Circles between the edges; those that touch and are alike are joined",
        use_when="Compact things with clear outlines that may have gaps: a circle larger than a gap"
        " does not pass it.",
        paper="Ester, Kriegel, Sander & Xu 1996: A density-based algorithm for discovering"
        " clusters; Blum 1967: A transformation for extracting new descriptors of shape",
    ),
    "pipeline": MethodEntry(
        builder="pipeline.pipeline:Pipeline",
        family="pipeline",
        summary="Feature, similarity and connectivity, each of your choice",
        use_when="What divides the picture is known (a texture, a spectrum) and no other method"
        " looks at it.",
        paper="Beaulieu & Goldberg 1989: Hierarchy in picture segmentation; Felzenszwalb &"
        " Huttenlocher 2004; Ng, Jordan & Weiss 2001; each part names its own",
    ),
    "forest": MethodEntry(
        builder="learned.forest:Forest",
        family="learned",
        summary="A forest of decision trees over colour, edges, lines and texture of each pixel",
        use_when="A few labelled images and structures that are told by their surroundings of some"
        " ten pixels: membranes, vessels, tissue. The first thing to try before a network.",
        paper="Breiman 2001: Random forests; Geurts, Ernst, Wehenkel 2006: Extremely randomized"
        " trees",
        code="segwright, Apache-2.0; grown by scikit-learn, BSD-3-Clause; filters by OpenCV,"
        " Apache-2.0",
        needs_labels=True,
    ),
    "boosting": MethodEntry(
        builder="learned.boosting:Boosting",
        family="learned",
        summary="Small decision trees that correct each other, over the same features as forest",
        use_when="As forest, with many labelled pixels; stored in less room, and more easily"
        " misled by wrong labels.",
        paper="Friedman 2001: Greedy function approximation; Ke et al. 2017: LightGBM",
        code="segwright, Apache-2.0; grown by scikit-learn, BSD-3-Clause; filters by OpenCV,"
        " Apache-2.0",
        needs_labels=True,
    ),
}


def build_method(name: str, **params: Any) -> Method:
    """Builds a method of the catalogue.

    Args:
        name: A key of CATALOG.
        **params: Its parameters; see `describe_classical(name)`.

    Raises:
        UnknownNameError: There is no such method, or it has no such parameter.
        UsageError: A value is out of range.

    Example:
        >>> otsu = build_method("otsu", levels=3)
    """
    return method_class(name)(**params)


def method_class(name: str) -> type[Method]:
    """The class of a method.

    Raises:
        UnknownNameError: There is no such method.
    """
    if name not in CATALOG:
        raise UnknownNameError("method", name, CATALOG)
    module, cls = CATALOG[name].builder.split(":")
    return getattr(importlib.import_module(f"segwright.classical.{module}"), cls)


def describe_classical(name: str) -> str:
    """What the method is, when to use it, and every parameter with its default and meaning.

    Raises:
        UnknownNameError: There is no such method.
    """
    method = method_class(name)
    entry = CATALOG[name]
    found = {
        "levels": "levels: each is a class, or becomes one of yours by training",
        "clusters": "clusters: each becomes one of your classes by training",
        "regions": "regions of each image; by training, a class for each",
        "classes": "your classes, by training",
    }
    lines = [
        f"{name}: {entry.summary}",
        "",
        f"Use it when: {entry.use_when}",
        f"Finds:       {found[method.finds]}",
        f"Source:      {entry.paper}",
        f"Code:        {entry.code}",
        "",
        "Settings (default): meaning",
    ]
    for setting, field in method.model_fields.items():
        default = "none" if field.default is None else _written(field.default)
        lines.append(f"  {setting} ({default}): {field.description}")
    return "\n".join(lines)


def _written(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    steps = getattr(value, "steps", value)
    return "none" if steps == () else str(steps)
