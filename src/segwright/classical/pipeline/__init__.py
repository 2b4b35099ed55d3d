"""Feature → similarity → connectivity: a method put together from three parts."""
