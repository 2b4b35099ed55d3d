"""One function per verb: what the command line and `segwright.NAME(...)` both call."""
