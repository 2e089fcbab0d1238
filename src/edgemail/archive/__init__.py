"""Mail in files: folders of .eml files, mbox files and Maildirs, read and written octet for octet."""
