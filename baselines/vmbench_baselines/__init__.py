"""Methods to compare a viewmaker with: handcrafted and fixed view families, and yardsticks."""
