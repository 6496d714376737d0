"""How long cleaning landed files takes, beside Polars, DuckDB and pandas on the same files."""
