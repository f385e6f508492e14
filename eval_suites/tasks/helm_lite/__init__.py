"""The suite `helm_lite`: prompts of HELM Lite as YAML; everything else is in eval_suites/helm."""
