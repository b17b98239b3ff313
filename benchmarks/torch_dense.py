"""Small networks of PyTorch for segmentation and detection: quality and processor time of their training, one thread.

    SKANN_DATA=folder python benchmarks/torch_dense.py camvid|bccd|nuclei [--seeds 0 1 2]

SKANN_DATA is the folder of ``dense_data``. Every model is built of 3 x 3 convolutions with batch normalization and
ReLU, 2 x 2 max pooling and bilinear upsampling, has a stride that divides the (padded) image, and trains channels last.

- camvid: fully convolutional network with heads at three scales: pixel accuracy and mean IoU of the 11 classes.
- bccd: one-stage detector without anchors: mean average precision at an IoU of 0.5, and of 0.5 to 0.95.
- nuclei: U-Net for the foreground, whose connected components are the instances: IoU, and F1 at an IoU of 0.5.
"""

import argparse
import time
from functools import partial

import dense_data
import numpy
import torch
from scipy import ndimage
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, interpolate, max_pool2d, pad

from skann.metrics import average_precision_by_class, instance_f1, mean_average_precision, mean_iou

BATCH_SIZE = 8
STRIDE = 8  # pixels between the points at which the detector predicts
upsample = partial(interpolate, scale_factor=2, mode="bilinear", align_corners=False)


def convolutions(n_in, *widths):
    """Return 3 x 3 convolutions of these widths, each with batch normalization and ReLU."""
    layers = []
    for n_out in widths:
        layers += [nn.Conv2d(n_in, n_out, 3, padding=1, bias=False), nn.BatchNorm2d(n_out), nn.ReLU()]
        n_in = n_out
    return nn.Sequential(*layers)


class FCN(nn.Module):
    """Fully convolutional network in the form of FCN-8s [Long et al., 2015]: scores at strides of 8, 4 and 2."""

    def __init__(self, n_classes):
        super().__init__()
        widths = (16, 16), (32, 32), (64, 64), (128, 128, 128)
        inputs = 3, 16, 32, 64
        self.stages = nn.ModuleList(convolutions(n_in, *w) for n_in, w in zip(inputs, widths, strict=True))
        self.heads = nn.ModuleList(nn.Conv2d(w[-1], n_classes, 1) for w in widths[1:])

    def forward(self, x):
        """Return the scores of each pixel, of shape (n, n_classes, height, width)."""
        x = self.stages[0](x)
        scores = []
        for stage, head in zip(self.stages[1:], self.heads, strict=True):
            x = stage(max_pool2d(x, 2))
            scores.append(head(x))
        fine, middle, coarse = scores
        return upsample(upsample(upsample(coarse) + middle) + fine)


class Detector(nn.Module):
    """One-stage detector in the form of FCOS [Tian et al., 2019] with a single stride of 8 and no centerness.

    The output has a channel per class, and four for the logarithms of the distances, in strides, from a point to the
    left, upper, right and lower side of its box.
    """

    def __init__(self, n_classes):
        super().__init__()
        stages = []
        for n_in, widths in ((3, (16, 16)), (16, (32, 32)), (32, (64, 64))):
            stages += [convolutions(n_in, *widths), nn.MaxPool2d(2)]
        self.trunk = nn.Sequential(*stages, convolutions(64, 128, 128))
        self.tower = convolutions(128, 128)
        self.output = nn.Conv2d(128, n_classes + 4, 1)
        nn.init.normal_(self.output.weight, std=0.01)
        nn.init.zeros_(self.output.bias)
        nn.init.constant_(self.output.bias[:n_classes], -numpy.log(99))  # a score of 0.01 at first

    def forward(self, x):
        """Return the logits of the classes, (n, n_classes, rows, columns), and the logarithms of the distances."""
        return self.output(self.tower(self.trunk(x))).tensor_split([-4], dim=1)


class UNet(nn.Module):
    """U-Net [Ronneberger et al., 2015] with three levels: two convolutions on the way down, one on the way up."""

    def __init__(self):
        super().__init__()
        self.down = nn.ModuleList([convolutions(1, 16, 16), convolutions(16, 32, 32), convolutions(32, 64, 64)])
        self.up = nn.ModuleList([convolutions(64 + 32, 32), convolutions(32 + 16, 16)])
        self.output = nn.Conv2d(16, 1, 1)

    def forward(self, x):
        """Return the logits of the foreground, of shape (n, 1, height, width)."""
        fine = self.down[0](x)
        middle = self.down[1](max_pool2d(fine, 2))
        x = self.down[2](max_pool2d(middle, 2))
        x = self.up[0](torch.cat([upsample(x), middle], 1))
        return self.output(self.up[1](torch.cat([upsample(x), fine], 1)))


def as_tensor(X, stride):
    """Return images as floats in [0, 1], channels last, padded at the bottom and right to a multiple of the stride."""
    X = X.reshape(*X.shape[:3], -1)
    x = torch.from_numpy(X).permute(0, 3, 1, 2).float() / 255
    x = pad(x, (0, -X.shape[2] % stride, 0, -X.shape[1] % stride))
    return x.contiguous(memory_format=torch.channels_last)


def flip(chosen, axis, *tensors):
    """Return tensors of which the rows that are chosen are mirrored along an axis."""
    return [torch.where(chosen.view(-1, *[1] * (t.ndim - 1)), t.flip(axis), t) for t in tensors]


def choose(rows):
    """Return for each row whether it is to be flipped."""
    return torch.rand(len(rows)) < 0.5


def train(model, loss, n_rows, n_epochs, steps, one_cycle=False):
    """Train a model with ``loss(rows)``, in batches of (nearly) the same size."""
    n_batches = -(-n_rows // BATCH_SIZE)
    rates = None
    if one_cycle:
        peak = steps.param_groups[0]["lr"]
        rates = torch.optim.lr_scheduler.OneCycleLR(steps, peak, n_epochs * n_batches, cycle_momentum=False)
    for _ in range(n_epochs):
        for rows in torch.randperm(n_rows).tensor_split(n_batches):
            steps.zero_grad()
            loss(rows).backward()
            steps.step()
            if rates is not None:
                rates.step()
    return model.eval()


@torch.inference_mode()
def apply(model, x):
    """Yield the outputs of a model for batches of images."""
    for batch in x.split(32):
        yield model(batch)


def fit_fcn(X, y, seed, n_epochs=12):
    """Return an FCN for labels of pixels, where 11 is void."""
    torch.manual_seed(seed)
    model = FCN(dense_data.VOID).to(memory_format=torch.channels_last)
    x = as_tensor(X, 8)
    height, width = y.shape[1:]
    labels = pad(torch.from_numpy(y).long(), (0, x.shape[3] - width, 0, x.shape[2] - height), value=dense_data.VOID)

    def loss(rows):
        images, target = flip(choose(rows), -1, x[rows], labels[rows])
        return cross_entropy(model(images), target, ignore_index=dense_data.VOID)

    steps = torch.optim.Adam(model.parameters(), lr=4e-3, fused=True)
    return train(model, loss, len(x), n_epochs, steps, one_cycle=True)


def predict_fcn(model, X):
    """Return the label of each pixel."""
    labels = torch.cat([scores.argmax(1) for scores in apply(model, as_tensor(X, 8))])
    return labels[:, : X.shape[1], : X.shape[2]].numpy()


def locate(height, width):
    """Return the points at which the detector predicts, in pixels, of shape (n_points, 2)."""
    rows, columns = numpy.indices((height // STRIDE, width // STRIDE)).reshape(2, -1)
    return (numpy.stack([columns, rows], 1) + 0.5) * STRIDE


def assign(points, boxes, labels):
    """Return the class of each point, -1 for background, and its distances to the sides of its box, in strides.

    A point belongs to the smallest of the boxes whose center is less than 1.5 strides away along both axes, and which
    it lies in or less than half a stride outside of. Platelets are little larger than a stride: with the points inside
    alone, they would have one or two each. The point nearest to its center belongs to a box in any case,
    unless it is nearest to the center of a smaller box, too.
    """
    if len(boxes) == 0:
        return numpy.full(len(points), -1), numpy.zeros((len(points), 4), "float32")
    distances = numpy.concatenate([points[:, None] - boxes[:, :2], boxes[:, 2:] - points[:, None]], 2)
    offsets = abs(points[:, None] - (boxes[:, :2] + boxes[:, 2:]) / 2).max(2)
    area = (boxes[:, 2:] - boxes[:, :2]).prod(1)
    cost = numpy.where((distances.min(2) > -0.5 * STRIDE) & (offsets < 1.5 * STRIDE), area, numpy.inf)
    cost[offsets.argmin(0), numpy.arange(len(boxes))] = area - area.max() - 1  # below all others
    owner = cost.argmin(1)
    every = numpy.arange(len(points))
    classes = numpy.where(numpy.isfinite(cost[every, owner]), labels[owner], -1)
    return classes, (distances[every, owner] / STRIDE).astype("float32")


def focal_loss(logits, target):
    """Return the sum of the focal losses with alpha = 0.25 and gamma = 2 [Lin et al., 2017]."""
    weight = torch.where(target, 0.25, 0.75)
    error = torch.sigmoid(torch.where(target, -logits, logits))
    return (weight * error**2 * nn.functional.softplus(torch.where(target, -logits, logits))).sum()


def giou_loss(distances, target):
    """Return the sum of 1 - GIoU of boxes [Rezatofighi et al., 2019], given by the distances from common points."""

    def area(d):
        return (d[:, 0] + d[:, 2]) * (d[:, 1] + d[:, 3])

    lowest = torch.minimum(distances, target)
    shared = (lowest[:, 0] + lowest[:, 2]).clamp(min=0) * (lowest[:, 1] + lowest[:, 3]).clamp(min=0)
    union = area(distances) + area(target) - shared
    hull = area(torch.maximum(distances, target))
    return (2 - shared / union - union / hull).sum()


def fit_detector(X, y, seed, n_epochs=15):
    """Return a detector for boxes of three classes."""
    torch.manual_seed(seed)
    model = Detector(3).to(memory_format=torch.channels_last)
    x = as_tensor(X, STRIDE)
    grid = X.shape[1] // STRIDE, X.shape[2] // STRIDE
    points = locate(*X.shape[1:3])
    targets = [assign(points, target["boxes"], target["labels"]) for target in y]
    classes = torch.from_numpy(numpy.stack([t[0] for t in targets]).reshape(-1, *grid))
    distances = torch.from_numpy(numpy.stack([t[1].T for t in targets]).reshape(-1, 4, *grid))

    def loss(rows):
        chosen = choose(rows)
        images, label, target = flip(chosen, -1, x[rows], classes[rows], distances[rows])
        target = torch.where(chosen.view(-1, 1, 1, 1), target[:, [2, 1, 0, 3]], target)  # left is right
        logits, logs = model(images)
        positive = label >= 0
        found, target = (t.permute(0, 2, 3, 1)[positive] for t in (logs.exp(), target))
        of_class = label[:, None] == torch.arange(3).view(3, 1, 1)
        return (focal_loss(logits, of_class) + 2 * giou_loss(found, target)) / len(found)

    steps = torch.optim.AdamW(model.parameters(), lr=4e-3, betas=(0.9, 0.99), fused=True)
    return train(model, loss, len(x), n_epochs, steps, one_cycle=True)


def overlap(box, boxes):
    """Return the intersection over union of a box with each of several."""
    sides = (numpy.minimum(box[2:], boxes[:, 2:]) - numpy.maximum(box[:2], boxes[:, :2])).clip(0)
    shared = sides.prod(1)
    return shared / ((box[2:] - box[:2]).prod() + (boxes[:, 2:] - boxes[:, :2]).prod(1) - shared)


def suppress(boxes, scores, threshold=0.5):
    """Return the boxes, the best first, that overlap no better one by more than a threshold (greedy NMS)."""
    kept = []
    order = numpy.argsort(-scores, kind="stable")
    while len(order):
        kept.append(order[0])
        order = order[1:][overlap(boxes[order[0]], boxes[order[1:]]) <= threshold]
    return numpy.array(kept, int)


def detect(points, scores, distances, size, min_score=0.05, max_detections=100):
    """Return the detections of an image from the scores, (n_points, n_classes), and distances of its points."""
    boxes = numpy.concatenate([points - distances[:, :2], points + distances[:, 2:]], 1).clip(0, size * 2)
    point, label = numpy.nonzero(scores > min_score)
    score = scores[point, label]
    apart = boxes[point] + label[:, None] * 2 * max(size)  # boxes of different classes do not overlap
    kept = suppress(apart, score)[:max_detections]
    return {"boxes": boxes[point[kept]], "labels": label[kept], "scores": score[kept]}


def predict_detector(model, X):
    """Return an object array of detections, {"boxes", "labels", "scores"}."""
    height, width = X.shape[1:3]
    points = locate(height, width)
    y = []
    for logits, logs in apply(model, as_tensor(X, STRIDE)):
        scores, distances = (t.flatten(2).transpose(1, 2).numpy() for t in (logits.sigmoid(), logs.exp() * STRIDE))
        y += [detect(points, *arrays, (width, height)) for arrays in zip(scores, distances, strict=True)]
    return numpy.array(y, object)


def fit_unet(X, y, seed, n_epochs=6):
    """Return a U-Net for the foreground of instance maps."""
    torch.manual_seed(seed)
    model = UNet().to(memory_format=torch.channels_last)
    x = as_tensor(X, 4)
    foreground = as_tensor((y > 0) * numpy.uint8(255), 4)

    def loss(rows):
        images, target = x[rows], foreground[rows]
        for axis in (-1, -2):
            images, target = flip(choose(rows), axis, images, target)
        return binary_cross_entropy_with_logits(model(images), target)

    steps = torch.optim.Adam(model.parameters(), lr=2e-3, fused=True)
    return train(model, loss, len(x), n_epochs, steps)


def predict_unet(model, X):
    """Return instance maps: the connected components of the foreground."""
    logits = torch.cat([*apply(model, as_tensor(X, 4))])[:, 0, : X.shape[1], : X.shape[2]].numpy()
    return numpy.stack([ndimage.label(image > 0)[0] for image in logits])


def score_camvid(y_true, y_pred):
    """Return the pixel accuracy and the mean IoU, without the pixels that are void."""
    valid = y_true != dense_data.VOID
    accuracy = (y_true == y_pred)[valid].mean()
    return {"accuracy": accuracy, "mean IoU": mean_iou(y_true, y_pred, ignore_label=dense_data.VOID)}


def score_bccd(y_true, y_pred):
    """Return the mean average precision at an IoU of 0.5, of 0.5 to 0.95, and that at 0.5 of each class."""
    by_class = average_precision_by_class(y_true, y_pred)
    return {
        "mAP@0.5": mean_average_precision(y_true, y_pred),
        "mAP@0.5:0.95": mean_average_precision(y_true, y_pred, metric="coco"),
        **dict(zip(("red", "white", "platelets"), by_class.values(), strict=True)),
    }


def score_nuclei(y_true, y_pred):
    """Return the IoU of the foreground of all images, and F1 of the instances."""
    truth, found = y_true > 0, y_pred > 0
    return {"foreground IoU": (truth & found).sum() / (truth | found).sum(), "F1@0.5": instance_f1(y_true, y_pred)}


DATASETS = {
    "camvid": (dense_data.camvid, fit_fcn, predict_fcn, score_camvid),
    "bccd": (dense_data.bccd, fit_detector, predict_detector, score_bccd),
    "nuclei": (dense_data.nuclei, fit_unet, predict_unet, score_nuclei),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", choices=DATASETS)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    load, fit, predict, score = DATASETS[arguments.dataset]
    X_train, y_train, X_test, y_test = load()
    for seed in arguments.seeds:
        start = time.process_time()
        model = fit(X_train, y_train, seed)
        seconds = time.process_time() - start
        figures = score(y_test, predict(model, X_test))
        text = ", ".join(f"{name} {value:.3f}" for name, value in figures.items())
        n_parameters = sum(p.numel() for p in model.parameters())
        print(f"seed {seed}: {text}; {seconds:.1f} s, {n_parameters:,} parameters", flush=True)


if __name__ == "__main__":
    main()
