"""What is learned from: specs, datasets and their labels, examples read in batches."""
