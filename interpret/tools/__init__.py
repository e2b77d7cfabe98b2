"""Lüscher's formula on one's own numbers: zeta function, levels, phase shifts.

`questions` takes numbers and gives `answers`, which print themselves; `level_tables` reads and
writes both kinds of CSV files by the columns of a `sheet`; `units` serves other masses than the
pion's, and `loading` brings back the network of a finished run.
"""
