"""How good a model is, and how sure we are: so far, the statistics of scores."""
