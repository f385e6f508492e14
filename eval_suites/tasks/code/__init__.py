"""Tasks whose answers are programs that are run (eval_suites.code)."""
