"""From bytes to properties: one pure module per protocol, and the wire forms they share."""
