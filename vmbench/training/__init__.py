"""The one training loop, where it runs, what it saves and shows."""
