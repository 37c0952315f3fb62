"""What runs by itself: each a `*_once(…)` over one transaction or one message, and a thin loop."""
