"""Segmentation and detection on a GPU: scores beside the CPU's, and images per second beside PyTorch's.

    SKANN_DATA=folder python benchmarks/gpu_dense.py [--cpu]

SKANN_DATA is the folder of ``dense_data``. Each estimator is fitted with ``device="cuda"`` and, with ``--cpu``, on the
CPU. The figures of PyTorch are training steps of the peers' networks, eager, on batches that are on the device.
"""

import argparse
import statistics
import time

import dense_data
import numpy
import torch
import torch_dense
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from skann import FCNSegmenter, MaskRCNNSegmenter, RCNNDetector, YOLODetector

N_STEPS = 30


def peers():
    """Return name -> (model, images, loss of its outputs) on the device."""
    streets, cells = torch.rand(8, 3, 96, 120, device="cuda"), torch.rand(8, 3, 120, 160, device="cuda")
    nuclei = torch.rand(8, 1, 128, 128, device="cuda")
    labels = torch.randint(dense_data.VOID, (8, 96, 120), device="cuda")
    foreground = torch.rand(8, 1, 128, 128, device="cuda").round()
    return {
        "FCNSegmenter": (torch_dense.FCN(dense_data.VOID).cuda(), streets, lambda out: cross_entropy(out, labels)),
        "FCNSegmenter unet": (
            torch_dense.UNet().cuda(),
            nuclei,
            lambda out: binary_cross_entropy_with_logits(out, foreground),
        ),
        "YOLODetector": (
            torch_dense.Detector(3).cuda(),
            cells,
            lambda out: torch_dense.focal_loss(out[0], torch.zeros_like(out[0], dtype=torch.bool)) + out[1].sum(),
        ),
    }


def peer_rate(model, x, loss):
    """Return the images per second of training steps."""
    steps = torch.optim.Adam(model.parameters(), fused=True)

    def step():
        steps.zero_grad()
        loss(model(x)).backward()
        steps.step()

    rates = []
    for _ in range(4):
        torch.cuda.synchronize()
        start = time.perf_counter()
        for _ in range(N_STEPS):
            step()
        torch.cuda.synchronize()
        rates.append(N_STEPS * len(x) / (time.perf_counter() - start))
    return statistics.median(rates[1:])


def cases():
    """Return name -> (estimator, training images, their target, test images, their target)."""
    X, y, X_test, y_test = dense_data.nuclei()
    nuclei = X, (y > 0).astype(int), X_test, (y_test > 0).astype(int)
    return {
        "FCNSegmenter": (FCNSegmenter(ignore_label=dense_data.VOID), *dense_data.camvid()),
        "FCNSegmenter unet": (FCNSegmenter("unet", max_iter=6), *nuclei),
        "YOLODetector": (YOLODetector(), *dense_data.bccd()),
        "RCNNDetector": (RCNNDetector(), *dense_data.bccd()),
        "MaskRCNNSegmenter": (MaskRCNNSegmenter((16, 32, 64), max_iter=6), X, y, X_test, y_test),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cpu", action="store_true")
    devices = ["cuda", "cpu"] if parser.parse_args().cpu else ["cuda"]
    rates = {name: peer_rate(*peer) for name, peer in peers().items()}
    for name, (estimator, X, y, X_test, y_test) in cases().items():
        for device in devices:
            estimator.set_params(device=device, random_state=0, warn=False)
            estimator.fit(X, y)
            # without the first epochs, in which kernels are compiled
            seconds = statistics.median(estimator.history_["seconds"][1:])
            start = time.perf_counter()
            score = estimator.score(X_test, y_test)
            predicting = len(X_test) / (time.perf_counter() - start)
            text = f"{name}, {device}: score {score:.3f}, {len(X) / seconds:.0f} images/s, {predicting:.0f} scored/s"
            peer = f"; PyTorch {rates[name]:.0f}" if name in rates and device == "cuda" else ""
            print(text + peer, flush=True)
    print(f"NumPy {numpy.__version__}, PyTorch {torch.__version__}, {torch.cuda.get_device_name()}")


if __name__ == "__main__":
    main()
