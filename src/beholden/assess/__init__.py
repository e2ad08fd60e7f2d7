"""From attributions, exposures and observations to findings: rules that hold for a device, with proof."""
