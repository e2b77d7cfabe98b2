"""The loss over two parameters as a picture, with the descents that walk it."""
