"""A small OpenAI-compatible model server without a model, for sandboxes and tests."""
