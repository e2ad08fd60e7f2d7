"""From observations to devices and what they are: resolve, match, decide."""
