"""Labelled pairs of records for `make bench ARGS=match`: which are one manifestation, which not.

`chinese` is authored, `latin` is real records and re-catalogued ones; `pairs` is what both make.
Nothing here imports the matcher: labels come from facts it never sees.
"""
