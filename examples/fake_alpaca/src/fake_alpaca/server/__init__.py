"""The server: routes that read, ask and show, behind a gate that knows keys, limits and faults."""
