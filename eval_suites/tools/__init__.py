"""Function calling: does a model call the right functions with the right arguments? Calls are compared, never run.

Source: the Berkeley Function-Calling Leaderboard (BFCL), version 4, its categories of one turn. Patil et al. 2025, "The
Berkeley Function Calling Leaderboard (BFCL): From Tool Use to Agentic Evaluation of Large Language Models", ICML.
"""
