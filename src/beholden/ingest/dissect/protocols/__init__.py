"""One module per protocol of `dissect.registry`; none knows of another."""
