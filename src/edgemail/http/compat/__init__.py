"""Other mail catchers' APIs, each in a folder of its own, over the same use cases as edgemail's."""
