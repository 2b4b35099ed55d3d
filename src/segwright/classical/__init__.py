"""Methods without a network: thresholds, edges, regions, clusters, graphs, forests."""
