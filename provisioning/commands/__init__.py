"""`polewatch provision …`: arguments and printing only; the work is done by the modules beside."""
