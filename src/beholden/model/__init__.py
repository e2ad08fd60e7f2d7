"""The vocabulary: tables, properties, categories, ids and errors. Standard library only."""
