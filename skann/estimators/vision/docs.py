"""Descriptions of the parameters and attributes of convolutional networks."""

from __future__ import annotations

PARAMETERS = {
    "filters": (
        "int or array-like of shape (n_stages,), default=(32, 64)",
        """
        Number of filters in each stage of convolutions; ``()`` means none, a multi-layer perceptron of the pixels.
        Stages do not fit once the images are smaller than ``pool_size``: with images this raises an error, with a
        matrix X and no ``image_shape`` they are dropped.
        """,
    ),
    "kernel_size": (
        "int or (int, int), default=3",
        """
        Rows and columns of the kernels. Images are padded with zeros, so that a convolution keeps their size. For
        signals only the columns count.
        """,
    ),
    "pool_size": (
        "int or (int, int), default=2",
        """
        Rows and columns of the windows whose maximum is taken at the end of each stage; 1 means no pooling.
        """,
    ),
    "blocks_per_stage": (
        "int in [1, inf), default=1",
        """
        Number of blocks in each stage: convolutions, or residual blocks of two.
        """,
    ),
    "residual": (
        "bool, default=False",
        """
        Whether blocks are residual: two convolutions whose output is added to their input [7]_. The maps of the last
        stage are then averaged over their positions, otherwise they are flattened.
        """,
    ),
    "hidden_layer_sizes": (
        "int or array-like of shape (n_hidden,), default=(128,)",
        """
        Number of units in each dense hidden layer after the convolutions; ``()`` means none.
        """,
    ),
    "activation": (
        "str or object of skann.activations, default='relu'",
        """
        Activation function of the convolutions and of the dense hidden layers. An object carries parameters of its own,
        as in ``LeakyReLU(slope=0.2)``, which a grid search reaches as ``activation__slope``.
        """,
    ),
    "normalization": (
        "str, object of skann.layers or None, default='batch'",
        """
        Normalization layer between the weighted sum and the activation of each convolution and each dense hidden layer.
        'batch' normalises each channel over the positions of all images in a batch.
        """,
    ),
    "augment": (
        "str, object of skann.augmentations, callable, list of these or None, default=None",
        """
        Random changes of the images in each training batch, in the given order: names, objects such as
        ``Shift(fraction=0.2)``, or functions ``f(X, y, rng)`` that return X of shape (n, height, width, channels) and y
        of shape (n, n_outputs), one-hot for classes. Prediction and validation are not affected. Not supported by
        solver='lbfgs'.
        """,
    ),
    "image_shape": (
        "(int, int), (int, int, int) or None, default=None",
        """
        Height, width and number of channels, 1 if left out, of the images in the rows of a matrix X. None treats such a
        row as a signal of one channel, an image of one row. Not used if X has more than two axes.
        """,
    ),
    "solver": (
        "str or object of skann.solvers, default='adamw'",
        """
        The solver for weight optimization. A solver given by name takes its parameters from those of the estimator,
        such as ``beta_1``. An object carries its own, as in ``AdamW(beta_1=0.95)``, which a grid search reaches as
        ``solver__beta_1``; the estimator's parameters of the same names must then be left at their defaults. 'lbfgs'
        needs ``normalization=None``.
        """,
    ),
    "alpha": (
        "float in [0, inf), default=0.01",
        """
        Weight decay: each step of 'adamw' multiplies the weights by 1 - learning rate * alpha. For other solvers, the
        strength of the L2 regularization term, as in MLPClassifier.
        """,
    ),
    "batch_size": (
        "int in [1, inf) or 'auto', default='auto'",
        """
        Size of the mini-batches; the last one of an epoch may be smaller. 'auto' means min(64, n_samples).
        """,
    ),
    "learning_rate": (
        "str, object of skann.schedules, or callable, default='one_cycle'",
        """
        Learning rate schedule for weight updates: a name, an object with parameters of its own such as
        ``OneCycle(warmup=2)``, or a function that maps the completed fraction of training (from 0 to 1, of max_iter
        epochs) to a factor. partial_fit keeps the rate constant.
        """,
    ),
    "learning_rate_init": (
        "float in (0, inf), default=0.003",
        """
        The learning rate, which schedules multiply by their factors: the largest one of 'one_cycle'.
        """,
    ),
    "max_iter": (
        "int in [1, inf), default=20",
        """
        Maximum number of epochs (passes over the training set), over which the schedule extends.
        """,
    ),
    "dropout": (
        "float in [0, 1) or sequence of length n_hidden + 1, default=0.0",
        """
        Dropout probability [2]_. A single number applies to all dense hidden layers; a sequence gives (input of the
        dense layers, hidden 1, ..., hidden L).
        """,
    ),
    "dtype": (
        "{'auto', 'float32', 'float64'}, default='auto'",
        """
        Precision of the weights and of training. 'auto' is float32 if the X of the first fit is float32 or uint8 or has
        at least 1,000 samples, else float64. Predictions are float32 if the weights are and X is float32 or uint8;
        otherwise, and always with 'float64', they are float64 and independent of the other samples to 1e-12.
        """,
    ),
}

ATTRIBUTES = {
    "coefs_": (
        "list of ndarray",
        """
        Weights of the convolutions, of shape (rows, columns, channels, filters), and of the dense layers, of shape
        (fan_in, units), in order. They are views: changing an element changes the model.
        """,
    ),
    "intercepts_": ("list of ndarray", "Biases of the layers, of shape (filters,) or (units,). They are views, too."),
    "parameters_": (
        "dict of str to ndarray",
        """
        Parameters other than weights and biases, such as those of batch normalization, and the scaling of the input's
        channels. They are views, too.
        """,
    ),
    "image_shape_": ("tuple of three int", "Height, width and number of channels of the images seen during fit."),
    "n_features_in_": ("int", "Number of values in an image seen during fit."),
}

REFERENCE = """\
.. [7] He et al., 2016, "Deep residual learning for image recognition", CVPR."""
