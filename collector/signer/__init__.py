"""The grant signer: a process of its own, with its own key, accounts, store and log."""
