"""The reference physics of the two maps: levels in boxes, scattering lengths."""
