"""Which instructions of IFEval a response follows, found by programs alone: no network, no data of nltk.

Source: Zhou et al. 2023, Instruction-Following Evaluation for Large Language Models, arXiv:2311.07911. Each of its 25
kinds of instructions is a function of a response, in a file with others like it; `kinds` has them by IFEval's names,
`asked` reads what an item asks, and `followed` checks a response strictly and loosely.

Where the published verifier is odd, its verdict is kept, because published scores depend on it; the function says so.
Where its verdict is drawn at random, ours follows the words of the instruction.
"""
