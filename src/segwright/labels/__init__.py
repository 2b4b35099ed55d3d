"""What a pixel can be: classes, label maps, run lengths."""
