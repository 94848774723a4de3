"""Pure decisions about one region: what to render, what to do about a difference, what to say."""
