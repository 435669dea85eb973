"""The subcommands of ``v6``, a module each; the module's ``command`` is what is called."""
