"""Access to the machine: sockets, descriptors, certificates, file owners, signals, counters."""
