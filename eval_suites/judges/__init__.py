"""Preferences between answers of models: win rates, and what biases them."""
