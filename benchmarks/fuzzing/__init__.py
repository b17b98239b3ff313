"""What the fuzzers share: draws of parameters, arrays, targets and frames, calls under watch, checks, reports."""
