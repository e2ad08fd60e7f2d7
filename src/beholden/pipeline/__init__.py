"""The order of the stages: what the command line and other programs call."""
