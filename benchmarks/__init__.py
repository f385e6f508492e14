"""Claims about Pomona, each measured side by side with a peer in one run. `./dev bench [AREA...]`."""
