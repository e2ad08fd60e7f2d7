"""One module per kind of inventory; each gives an `Inventory` through `read`."""
