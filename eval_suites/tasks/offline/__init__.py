"""The suite `offline`: its items are generated from a seed, or were written for it. No network, no data of others."""
