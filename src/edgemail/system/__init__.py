"""What the program needs of the machine: sockets, descriptors, certificates, file owners, outages, counters."""
