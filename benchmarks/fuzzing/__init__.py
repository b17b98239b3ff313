"""The shared parts of the fuzzers: random parameters and data, monitored calls, checks and reports."""
