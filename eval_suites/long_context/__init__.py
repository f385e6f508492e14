"""Items of any length, made from a seed, that show how far into its context a model really looks."""
