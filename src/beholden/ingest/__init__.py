"""From evidence to observations, flows and look-ups: readers, packet kernels, dissectors."""
