"""Which terms make the law: criteria, as values, for the supports of one library matrix.

`matrix` holds the problem after QR, `supports` where supports come from, `criteria` and `knee` the
rules that choose one, `gate` the test against a flexible fit, `optimizers` PySINDy's own choices.
"""
