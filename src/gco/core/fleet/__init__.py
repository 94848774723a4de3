"""Pure decisions that need every region in view: targets, promotion, purge."""
