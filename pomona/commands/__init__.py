"""The commands, a module for each thing one wants: run a whole recipe, one stage, look at the lake, judge rules."""
