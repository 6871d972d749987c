"""Every parser of what comes over the wire, as functions of bytes: a crash or a hang is a bug."""
