"""Methods: where the two views of an example come from, learned or not."""
