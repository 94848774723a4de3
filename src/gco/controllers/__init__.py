"""The loops: each observes, lets the core decide, and acts. No decision of their own."""
