"""Rows of a data set, read batch by batch."""
