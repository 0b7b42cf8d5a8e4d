"""What may be opened, and how far it is believed: every file that comes from outside goes through here."""
