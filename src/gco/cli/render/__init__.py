"""Results become lines of text: pure functions, told the time and the width, writing nothing."""
