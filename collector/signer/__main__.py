"""`python -m collector.signer --config FILE` is `polewatch collector signer`."""

from __future__ import annotations

from collector.commands import run_signer_module

if __name__ == "__main__":
    run_signer_module()
