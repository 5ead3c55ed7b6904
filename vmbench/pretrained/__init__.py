"""A pretraining's folder, and what is done with it: features, views, embeddings, scikit-learn."""
