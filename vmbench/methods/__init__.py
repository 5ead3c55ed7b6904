"""Methods of the core: the learned views."""
