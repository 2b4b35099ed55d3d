"""One function per verb, which the command line calls; some are public as `segwright.NAME`."""
