"""The commands, one module per task: run a complete recipe, run one stage, inspect the lake, compare rules."""
