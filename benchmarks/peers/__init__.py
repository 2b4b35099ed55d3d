"""What segwright is compared with: one file per peer, each run in an environment of its own.

Environment and peer are named alike (`NAME.txt` has what is installed for `NAME.py`). A peer is
run as `python -m peers.NAME` from the folder above, by its own Python, and understands what
`peers.task` says. Nothing of segwright is imported there, and nothing of a peer by segwright.
"""
