"""What readers of sensors' logs share: connections, what hosts said, names by connection."""
