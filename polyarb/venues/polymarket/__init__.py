"""Polymarket: signing, wire formats, private and public clients."""
