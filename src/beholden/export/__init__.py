"""The stage `export`: tables of a scan in the forms that other programs read; one module per form."""
