"""What is kept of a run: its folder, its session under way, and where it came from."""
