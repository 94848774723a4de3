"""Programs that write checked-in files anew from where their content comes from."""
