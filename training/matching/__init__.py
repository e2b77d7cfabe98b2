"""The loss of forces with its gradient: by a loop or kernel that is compiled here, or by torch."""
