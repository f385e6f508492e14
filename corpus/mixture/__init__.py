"""Mixtures: which kept documents a model reads, in which proportions and how often, and which ones are held out."""
