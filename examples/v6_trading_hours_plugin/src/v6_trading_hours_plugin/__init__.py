"""Two extensions of v6: ``trading_hours`` is a check, ``fills_file`` an observer. v6 imports the one that is listed."""
