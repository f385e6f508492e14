"""Which of two models answers better, by a judge: preferences, their biases, and how sure we are."""
