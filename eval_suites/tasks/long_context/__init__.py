"""Long texts with questions (eval_suites.long_context), one task per length."""
