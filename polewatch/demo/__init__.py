"""The whole of Polewatch on one machine; `command` is what `polewatch demo` runs."""
