"""What each command does: ask the service, show what it answers. Imported when a command runs."""
