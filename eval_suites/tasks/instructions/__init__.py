"""Tasks whose answers a program checks for the instructions that they follow."""
