"""The tables of the bot itself, one package a topic."""
