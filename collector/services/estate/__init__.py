"""What the city owns on its poles: registry, state, availability, work orders, labels."""
