"""What data does to a model: pre-training, pruning, distillation and post-training."""
