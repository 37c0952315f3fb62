"""What the digest, App Home and health show, read from the other topics."""
