"""Results that others can check, take over and put together."""
