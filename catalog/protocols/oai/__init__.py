"""OAI-PMH 2.0 at /oai: other catalogues harvest the union records (openarchives.org)."""
