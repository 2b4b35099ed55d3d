"""Folders of pictures and masks."""
