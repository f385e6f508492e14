"""How good a model is, and how sure we are: suites, statistics, preference studies. Not built yet."""
