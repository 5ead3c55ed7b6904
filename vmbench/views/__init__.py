"""Methods: where the views of an example come from, learned or not."""
