"""Back to the raw data: coefficients and error bars without the network in between."""
