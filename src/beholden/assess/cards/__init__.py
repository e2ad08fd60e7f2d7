"""Rules over the use of cards: what connectivity exports show of bindings, places, amounts and homes."""
