"""Files of samples, checked on the way in."""
