"""Tasks of our own, in lm-eval's format: a folder per suite, with a YAML file per task."""
