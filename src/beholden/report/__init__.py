"""The HTML report: plain documents in, one self-contained page out."""
