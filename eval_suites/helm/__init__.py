"""HELM's scenarios: which items it asks, which examples it shows, and how it scores answers.

Source: Liang et al. 2022, Holistic Evaluation of Language Models, arXiv:2211.09110; HELM Lite,
crfm.stanford.edu/helm/lite.
"""
