"""The parts of one ingest step: read, group, save, place copies. Used by `ingest_chunk` only."""
