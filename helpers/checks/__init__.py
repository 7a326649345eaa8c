"""One module of checks per notebook: the cases, and what to say about a wrong answer."""
