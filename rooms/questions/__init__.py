"""What the feature `qa` is made of: its words, the book of questions, their orders and rows. Pure."""
