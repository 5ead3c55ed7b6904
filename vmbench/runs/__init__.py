"""A request from its words to its result: plan, pretraining, evaluation, files."""
