"""Does a model decline what it should, and only that? Prompts by category, refusals, guardrails, red teaming."""
