"""Where records come from. REDCap's words stay in here; out go Records and Problems."""
