"""What scores of a sample of items say about all items: intervals, comparisons, pools of models, early stopping."""
