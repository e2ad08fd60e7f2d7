"""What inventory readers share: header rows, normal forms, times, and the tall table."""
