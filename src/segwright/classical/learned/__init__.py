"""Methods that learn from labels without a network, and regions read as classes."""
