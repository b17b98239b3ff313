"""Pure maths on arrays: operations of layers, activations, losses and optimizers, without layers or parameters."""
