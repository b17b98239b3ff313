"""Pure array functions of layers, activations, losses and optimizers."""
