"""Exports of connectivity platforms: which card used how much where, day by day, and what a card is meant for."""
