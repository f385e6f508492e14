"""Whether a document is good: signals measured once, rules that decide over them in seconds."""
