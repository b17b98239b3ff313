"""Array functions of object detectors: boxes, anchors, matching, suppression, RoI align, losses on pairs of boxes."""
