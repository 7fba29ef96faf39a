"""Stand-ins for torch and transformers, so that the whole command line measures the scripted GPU without them."""
