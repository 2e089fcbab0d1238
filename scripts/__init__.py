"""What the Makefile and the build run beside the tools' own commands."""
