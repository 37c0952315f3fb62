"""Reports: the data of the digest, of App Home and of the health, read from all topics' tables."""
