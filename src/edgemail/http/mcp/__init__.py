"""Tools for agents over MCP, at `/mcp`: an address, and the codes, links and messages that come to it.

Only `protocol.py` imports the package `mcp`, which the extra `edgemail[mcp]` installs; nothing imports that one
before an agent asks.
"""
