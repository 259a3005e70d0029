"""SRU 1.2 at /sru: other catalogues search ours with CQL (OASIS searchRetrieve, parts 2 and 5)."""
