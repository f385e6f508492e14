"""How small a model can get: palettization, mixed bits, recovery adapters. Not built yet."""
