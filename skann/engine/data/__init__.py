"""Data sets and their readers, which return batches of rows."""
