"""Your own data: what the generic datasets of every domain share (docs/your-data.md)."""
