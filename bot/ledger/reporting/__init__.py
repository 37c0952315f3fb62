"""What people read of all of it: Home and the digest."""
