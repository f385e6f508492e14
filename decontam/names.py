"""Names of the policies: decontam.policies has a module per policy. Light, because the command line shows them."""

POLICIES = ("coverage", "afm", "gpt3", "llama", "tulu", "report")
DEFAULT = "coverage"
KEPT = "kept"  # the mixture of all documents that no stage dropped
