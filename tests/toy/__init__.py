"""A stage family that no other code knows: one folder, which shows what a family is made of."""
