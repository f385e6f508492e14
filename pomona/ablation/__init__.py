"""Ablations: variants of a corpus or a recipe, trained small and at several seeds, and what can be said of them."""
