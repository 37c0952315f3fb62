"""The data of the digest, App Home and health, read from the other topics."""
