"""What all HTML pages of the house share: the document, its style, and pictures inside it."""
