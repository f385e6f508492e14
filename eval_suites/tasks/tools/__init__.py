"""The suite `tools`: function calling, with the data of the Berkeley Function-Calling Leaderboard (BFCL)."""
