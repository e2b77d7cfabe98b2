"""What a law is worth: the motion that it predicts."""
