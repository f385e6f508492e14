"""Requests that should be declined, and harmless ones that should not (eval_suites.safety)."""
